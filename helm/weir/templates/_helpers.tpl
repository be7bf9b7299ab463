{{- define "weir.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* 52 characters: a StatefulSet's name is followed by a revision hash in a label. */}}
{{- define "weir.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "weir.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "weir.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: {{ include "weir.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weir.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "weir.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Settings that can't work together, with the way out, before anything is installed. */}}
{{- define "weir.check" -}}
{{- if not .Values.job }}
{{- fail "job is required: a built-in job (wordcount, classify, copy) or one of the program in the image, e.g. --set job=wordcount" }}
{{- end }}
{{- if not .Values.brokers }}
{{- fail "brokers is required: the bootstrap servers of Kafka, e.g. --set brokers=kafka:9092" }}
{{- end }}
{{- $many := gt (int .Values.replicas) 1 }}
{{- if and $many (eq .Values.exchange "memory") }}
{{- fail (printf "replicas is %d, but with exchange=memory one instance does all the work and a second one would only wait: set replicas=1, or exchange=kafka" (int .Values.replicas)) }}
{{- end }}
{{- if and .Values.sinkBrokers (eq .Values.exchange "kafka") }}
{{- fail "exchange=kafka needs sources and sinks on one cluster: leave sinkBrokers empty, or set exchange=memory" }}
{{- end }}
{{- if and .Values.checkpointClaim .Values.checkpointStore }}
{{- fail "checkpointClaim is a checkpoint store of its own: leave checkpointStore empty" }}
{{- end }}
{{- $own := or (not .Values.checkpointStore) (hasPrefix "file:" .Values.checkpointStore) (hasPrefix "mem:" .Values.checkpointStore) }}
{{- if and $many $own (not .Values.checkpointClaim) }}
{{- fail (printf "replicas is %d, but checkpoints are kept in each pod's own volume, where the other instances can't read them: set checkpointClaim, or checkpointStore to a store outside the pods, e.g. s3://bucket/prefix" (int .Values.replicas)) }}
{{- end }}
{{- if and (not .Values.persistence.enabled) $own (not .Values.checkpointClaim) }}
{{- fail "persistence.enabled is false, so checkpoints in the pod would be lost with it: set checkpointClaim, or checkpointStore to a store outside the pod, e.g. s3://bucket/prefix" }}
{{- end }}
{{- range list "WEIR_JOB" "WEIR_JOB_ID" "WEIR_INSTANCE_ID" "WEIR_BROKERS" "WEIR_SINK_BROKERS" "WEIR_GUARANTEE" "WEIR_CHECKPOINT_INTERVAL" "WEIR_CHECKPOINT_STORE" "WEIR_EXCHANGE" "WEIR_HTTP_ADDR" "WEIR_DATA_DIR" }}
{{- if hasKey $.Values.env . }}
{{- fail (printf "env.%s: the chart sets this variable from a value of its own; see values.yaml" .) }}
{{- end }}
{{- end }}
{{- end }}
