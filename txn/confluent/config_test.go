package confluent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
)

// TestProperties: what the protocol depends on, what does not exist and what makes no sense is refused by name.
func TestProperties(t *testing.T) {
	for _, c := range []struct{ key, value, says string }{
		{"enable.auto.commit", "true", "checkpoint"},
		{"isolation.level", "read_uncommitted", "aborted"},
		{"transactional.id", "x", "zombies"},
		{"group.id", "x", "commit point"},
		{"group.instance.id", "x", "instance"},
		{"enable.idempotence", "false", "twice"},
		{"acks", "1", "replication"},
		{"request.required.acks", "1", "replication"},
		{"auto.offset.reset", "latest", "silently"},
		{"go.delivery.reports", "true", "channels"},
		{"go.batch.producer", "true", "channels"},
		{"{topic}.acks", "1", "prefix"},
		{"bootstrap.servers", "x:1", "setting of their own"},
		{"group.protocol", "consumer", "classic"},
		{"no.such.property", "1", "No such configuration property"},
		{"linger.ms", "often", "Invalid value"},
		{"session.timeout.ms", "-1", "range"},
		{"ssl.ca.location", "/no/such/file", "ssl.ca.location"},
	} {
		props := map[string]string{c.key: c.value}
		if strings.HasPrefix(c.key, "ssl.") {
			props["security.protocol"] = "ssl"
		}
		_, err := New(txn.ClusterConfig{Brokers: "127.0.0.1:1", Properties: props})
		if err == nil {
			t.Errorf("%s=%s is accepted", c.key, c.value)
			continue
		}
		if txn.ClassOf(err) != txn.ClassFatal || !strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s=%s: the error has to name it and say %q: %v", c.key, c.value, c.says, err)
		}
	}
	if _, err := New(txn.ClusterConfig{}); err == nil || !strings.Contains(err.Error(), "brokers") {
		t.Errorf("no brokers: %v", err)
	}
}

// A transaction's records wait for its commit, others for nothing.
func TestLinger(t *testing.T) {
	c := &client{cfg: txn.ClusterConfig{Brokers: "b:1"}}
	for id, want := range map[string]string{"": "5", "id": "200"} {
		if got := c.producerConfig(txn.ProducerConfig{TransactionalID: id})["linger.ms"]; got != want {
			t.Errorf("transactional id %q: linger.ms=%v, want %s", id, got, want)
		}
	}
}

// TestUserPropertiesWin: what the protocol does not depend on is the user's.
func TestUserPropertiesWin(t *testing.T) {
	c := &client{cfg: txn.ClusterConfig{Brokers: "b:1", Properties: map[string]string{
		"session.timeout.ms": "7000", "transaction.timeout.ms": "9000", "linger.ms": "50", "message.max.bytes": "77"}}}
	m := c.consumerConfig(txn.ConsumerConfig{Group: "g", SessionTimeout: time.Minute})
	if m["session.timeout.ms"] != "7000" {
		t.Errorf("session.timeout.ms=%v", m["session.timeout.ms"])
	}
	m = c.producerConfig(txn.ProducerConfig{TransactionalID: "i", TransactionTimeout: time.Minute})
	if m["transaction.timeout.ms"] != "9000" || m["linger.ms"] != "50" || maxMessageBytes(m) != 77 {
		t.Errorf("%v", m)
	}
	if transactionTimeout(m) != 9*time.Second {
		t.Errorf("transaction timeout: %v", transactionTimeout(m))
	}
}

// TestSecurityMapping: Leave speaks through franz-go, with the same security as everything else.
func TestSecurityMapping(t *testing.T) {
	cert, key := selfSigned(t)
	for _, c := range []struct {
		props map[string]string
		says  string // of the error, if there is to be one
	}{
		{map[string]string{}, ""},
		{map[string]string{"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "u", "sasl.password": "p"}, ""},
		{map[string]string{"security.protocol": "sasl_ssl", "sasl.mechanisms": "SCRAM-SHA-512", "ssl.ca.pem": cert}, ""},
		{map[string]string{"security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-256", "ssl.endpoint.identification.algorithm": "none"}, ""},
		{map[string]string{"security.protocol": "ssl", "ssl.certificate.pem": cert, "ssl.key.pem": key}, ""},
		{map[string]string{"security.protocol": "sasl_ssl"}, `"GSSAPI"`},
		{map[string]string{"security.protocol": "sasl_ssl", "sasl.mechanism": "OAUTHBEARER"}, "OAUTHBEARER"},
		{map[string]string{"security.protocol": "ssl", "ssl.ca.pem": "rubbish"}, "ssl.ca"},
		{map[string]string{"security.protocol": "ssl", "ssl.ca.location": "/no/such/file"}, "ssl.ca.location"},
		{map[string]string{"security.protocol": "ssl", "ssl.keystore.location": "x.p12"}, "ssl.keystore.location"},
		{map[string]string{"security.protocol": "ssl", "ssl.certificate.pem": cert, "ssl.key.pem": key, "ssl.key.password": "x"}, "ssl.key.password"},
		{map[string]string{"security.protocol": "ssl", "ssl.certificate.pem": cert, "ssl.key.pem": "rubbish"}, "ssl.key"},
	} {
		cl := &client{cfg: txn.ClusterConfig{Brokers: "127.0.0.1:1", ClientID: "c", Properties: c.props}}
		_, err := cl.kgoOptions()
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%v: %v", c.props, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%v: the error has to say %q: %v", c.props, c.says, err)
		}
	}
}

func selfSigned(t *testing.T) (cert, key string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	c, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	enc := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return enc("CERTIFICATE", c), enc("PRIVATE KEY", b)
}
