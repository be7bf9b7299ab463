package config

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKafkaProperties(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, []string{"--kafka", "linger.ms=7", "--sink-kafka=batch.size=100"},
		"WEIR_KAFKA_SECURITY_PROTOCOL=SASL_SSL", "WEIR_KAFKA_SASL_PASSWORD_FILE="+secret, "WEIR_KAFKA_LOG_LEVEL=7",
		"WEIR_KAFKA_LINGER_MS=5", "WEIR_SOURCE_KAFKA_FETCH_MIN_BYTES=10", "WEIR_SINK_KAFKA_SECURITY_PROTOCOL=SSL",
		"WEIR_KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE=/a/file", "WEIR_KAFKA_CLIENT_ID=me", "WEIR_KAFKA_CLIENT=confluent")
	if err != nil {
		t.Fatal(err)
	}
	both := map[string]string{"security.protocol": "SASL_SSL", "sasl.password": "s3cret", "log_level": "7", "linger.ms": "7",
		"sasl.oauthbearer.assertion.file": "/a/file", "client.id": "me"}
	source, sink := maps.Clone(both), maps.Clone(both)
	source["fetch.min.bytes"] = "10"
	sink["security.protocol"], sink["batch.size"] = "SSL", "100"
	if !maps.Equal(c.SourceKafka, source) {
		t.Errorf("source: %v\nwant    %v", c.SourceKafka, source)
	}
	if !maps.Equal(c.SinkKafka, sink) {
		t.Errorf("sink: %v\nwant  %v", c.SinkKafka, sink)
	}
}

func TestBadKafkaProperties(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args, env []string
		want      string
	}{
		{nil, []string{"WEIR_KAFKA_SECURTY_PROTOCOL=SSL"}, "WEIR_KAFKA_SECURTY_PROTOCOL: librdkafka has no property securty.protocol; did you mean WEIR_KAFKA_SECURITY_PROTOCOL?"},
		{nil, []string{"WEIR_SINK_KAFKA_SASL_PASWORD_FILE=/x"}, "did you mean WEIR_SINK_KAFKA_SASL_PASSWORD_FILE?"},
		{nil, []string{"WEIR_KAFKA_SASL_PASSWORD_FILE=/no/such"}, `WEIR_KAFKA_SASL_PASSWORD_FILE="/no/such": the file with the value of sasl.password cannot be read: no such file or directory`},
		{nil, []string{"WEIR_KAFKA_SASL_PASSWORD_FILE=" + empty}, "is empty"},
		{nil, []string{"WEIR_KAFKA_SASL_PASSWORD_FILE=" + empty, "WEIR_KAFKA_SASL_PASSWORD=x"}, "WEIR_KAFKA_SASL_PASSWORD is set as well"},
		{nil, []string{"WEIR_KAFKA_GROUP_ID=g"}, `WEIR_KAFKA_GROUP_ID="g": group.id cannot be set: use WEIR_JOB_ID`},
		{nil, []string{"WEIR_SOURCE_KAFKA_ISOLATION_LEVEL=read_uncommitted"}, "only committed records are read"},
		{nil, []string{"WEIR_SINK_KAFKA_LINGER_MS=soon"}, `WEIR_SINK_KAFKA_LINGER_MS="soon": linger.ms: expected a number from 0 to 900000`},
		{nil, []string{"WEIR_KAFKA_BATCH_SIZE=1.5"}, "expected a number from 1 to 2147483647"},
		{nil, []string{"WEIR_KAFKA_SOCKET_TIMEOUT_MS=9"}, "expected a number from 10 to 300000"},
		{nil, []string{"WEIR_KAFKA_SECURITY_PROTOCOL=TLS"}, `WEIR_KAFKA_SECURITY_PROTOCOL="TLS": security.protocol: expected plaintext, ssl, sasl_plaintext or sasl_ssl`},
		{nil, []string{"WEIR_KAFKA_CHECK_CRCS=maybe"}, "expected true or false"},
		{[]string{"--kafka=linger=5"}, nil, "librdkafka has no property linger; did you mean linger.ms?"},
		{[]string{"--kafka=linger.ms"}, nil, "expected property=value"},
	} {
		_, err := load(t, tc.args, tc.env...)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got  %v\nwant %s", err, tc.want)
		}
	}
}

func TestPropertyNamesAreUnambiguous(t *testing.T) {
	if lines := strings.Count(propertiesText, "\n"); len(properties) != lines {
		t.Errorf("%d variables for %d properties", len(properties), lines)
	}
	for name := range reserved {
		if properties[asWords(name)].name != name {
			t.Errorf("reserved property %s is unknown", name)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	for _, property := range []string{"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.oauthbearer.client.secret",
		"sasl.oauthbearer.config", "sasl.oauthbearer.assertion.private.key.passphrase", "sasl.jaas.config"} {
		if got := mask(property, "hidden\nvalue"); got != masked {
			t.Errorf("%s shows as %q", property, got)
		}
	}
	if got := mask("ssl.ca.pem", "a\nb\nc"); got != "(3 lines)" {
		t.Errorf("certificate shows as %q", got)
	}
	if got := maskURL("file://me:hidden@host/x"); strings.Contains(got, "hidden") {
		t.Errorf("URL shows as %q", got)
	}
}
