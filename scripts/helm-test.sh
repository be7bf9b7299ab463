#!/usr/bin/env bash
# Lints the chart, compares what it renders with helm/weir/tests/*.golden.yaml, and
# sees that settings which can't work are refused with a reason.
#   helm-test.sh [--update]    --update writes the golden files anew
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
HELM=${HELM:-helm}
chart=$ROOT/helm/weir
golden=$chart/tests
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# Nothing of the user's own helm is read or changed.
export HELM_CACHE_HOME=$tmp/cache HELM_CONFIG_HOME=$tmp/config HELM_DATA_HOME=$tmp/data

minimal=(--set job=wordcount --set brokers=kafka:9092)
render() { "$HELM" template demo "$chart" --namespace streams --kube-version 1.30.0 "$@"; }
failed=0

"$HELM" lint --quiet --strict "$chart" "${minimal[@]}"
"$HELM" lint --quiet --strict "$chart" -f "$golden/full.yaml"

same() { # same NAME ARG...
  local name=$1
  shift
  render "$@" >"$tmp/$name.yaml"
  if [ "$update" = 1 ]; then cp "$tmp/$name.yaml" "$golden/$name.golden.yaml"; fi
  if ! diff -u "$golden/$name.golden.yaml" "$tmp/$name.yaml"; then
    say "$name: renders differently; if that is meant, run: HELM=$HELM $0 --update"
    failed=1
  else
    echo "ok   renders $name"
  fi
}
[ "${1:-}" = --update ] && update=1 || update=0
same minimal "${minimal[@]}"
same full -f "$golden/full.yaml"
same many -f "$golden/many.yaml"

refused() { # refused PATTERN ARG...
  local pattern=$1
  shift
  if render "$@" >"$tmp/out" 2>&1; then
    say "was not refused: $*"
    failed=1
  elif ! grep -q -e "$pattern" "$tmp/out"; then
    say "the message does not say \"$pattern\": $*"
    cat "$tmp/out" >&2
    failed=1
  else
    echo "ok   refused: ${*:-without settings}"
  fi
}
refused 'job is required'
refused 'brokers is required' --set job=copy
refused 'set replicas=1, or exchange=kafka' "${minimal[@]}" --set replicas=2
refused 'set checkpointClaim' "${minimal[@]}" --set replicas=2,exchange=kafka
refused 'set checkpointClaim' "${minimal[@]}" --set replicas=2,exchange=kafka,checkpointStore=file:///checkpoints
refused 'leave checkpointStore empty' "${minimal[@]}" --set checkpointClaim=c,checkpointStore=s3://b/p
refused 'on one cluster' "${minimal[@]}" --set exchange=kafka,sinkBrokers=other:9092
refused 'would be lost' "${minimal[@]}" --set persistence.enabled=false
refused 'env.WEIR_BROKERS' "${minimal[@]}" --set env.WEIR_BROKERS=x
refused guarantee "${minimal[@]}" --set guarantee=twice
refused checkpointInterval "${minimal[@]}" --set checkpointInterval=5
refused replica "${minimal[@]}" --set replica=1
refused port "${minimal[@]}" --set port=80
refused terminationGracePeriodSeconds "${minimal[@]}" --set terminationGracePeriodSeconds=5

render "${minimal[@]}" --set persistence.enabled=false,checkpointStore=s3://b/p >"$tmp/out"
grep -q volumeClaimTemplates "$tmp/out" && { say "a claim without persistence"; failed=1; }
exit $failed
