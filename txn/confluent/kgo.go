package confluent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// kgoOptions maps the common security properties to franz-go's options. What can't be mapped (Kerberos, OAuth,
// PKCS#12 stores, certificate callbacks) is an error that names the property.
func (c *client) kgoOptions() ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(strings.Split(c.cfg.Brokers, ",")...)}
	if c.cfg.ClientID != "" {
		opts = append(opts, kgo.ClientID(c.cfg.ClientID))
	}
	protocol := strings.ToLower(c.property("plaintext", "security.protocol"))
	useTLS, useSASL := strings.HasSuffix(protocol, "ssl"), strings.HasPrefix(protocol, "sasl_")
	if useTLS {
		t, err := c.tlsConfig()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(t))
	}
	if useSASL {
		m, err := c.saslMechanism()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

// property returns the user's value of the first name that is set: some properties have two names.
func (c *client) property(byDefault string, names ...string) string {
	for _, n := range names {
		if v, ok := c.cfg.Properties[n]; ok {
			return v
		}
	}
	return byDefault
}

func (c *client) saslMechanism() (sasl.Mechanism, error) {
	user, pass := c.property("", "sasl.username"), c.property("", "sasl.password")
	switch name := c.property("GSSAPI", "sasl.mechanism", "sasl.mechanisms"); name {
	case "PLAIN":
		return plain.Auth{User: user, Pass: pass}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: pass}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: pass}.AsSha512Mechanism(), nil
	default:
		return nil, fmt.Errorf("sasl.mechanism=%q: only PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 can be used for it", name)
	}
}

func (c *client) tlsConfig() (*tls.Config, error) {
	for _, p := range []string{"ssl.keystore.location", "ssl.providers", "ssl.engine.location"} {
		if _, ok := c.cfg.Properties[p]; ok {
			return nil, fmt.Errorf("%s is set: only PEM certificates and keys can be used for it", p)
		}
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.property("true", "enable.ssl.certificate.verification") == "false" {
		t.InsecureSkipVerify = true //nolint:gosec // the user says so, for librdkafka as well
	}
	if c.property("https", "ssl.endpoint.identification.algorithm") == "none" {
		t.VerifyConnection, t.InsecureSkipVerify = chainOnly(t), true //nolint:gosec // chainOnly verifies the chain
	}
	if err := c.addRoots(t); err != nil {
		return nil, err
	}
	return t, c.addCertificate(t)
}

// chainOnly verifies the server's certificate but not its name, as ssl.endpoint.identification.algorithm=none asks.
func chainOnly(t *tls.Config) func(tls.ConnectionState) error {
	if t.InsecureSkipVerify {
		return nil
	}
	return func(cs tls.ConnectionState) error {
		if len(cs.PeerCertificates) == 0 {
			return errors.New("the broker shows no certificate")
		}
		opts := x509.VerifyOptions{Roots: t.RootCAs, Intermediates: x509.NewCertPool()}
		for _, cert := range cs.PeerCertificates[1:] {
			opts.Intermediates.AddCert(cert)
		}
		_, err := cs.PeerCertificates[0].Verify(opts)
		return err
	}
}

func (c *client) addRoots(t *tls.Config) error {
	ca, err := c.pem("ssl.ca.pem", "ssl.ca.location")
	if err != nil || ca == nil {
		return err
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(ca) {
		return errors.New("ssl.ca.location or ssl.ca.pem: no PEM certificate in it")
	}
	return nil
}

func (c *client) addCertificate(t *tls.Config) error {
	cert, err := c.pem("ssl.certificate.pem", "ssl.certificate.location")
	if err != nil || cert == nil {
		return err
	}
	key, err := c.pem("ssl.key.pem", "ssl.key.location")
	if err != nil {
		return err
	}
	if c.property("", "ssl.key.password") != "" {
		return errors.New("ssl.key.password is set: an encrypted key can't be used for it")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("ssl.certificate and ssl.key: %w", err)
	}
	t.Certificates = []tls.Certificate{pair}
	return nil
}

// pem returns what the one property holds, or what the file that the other names holds, or nil.
func (c *client) pem(inline, location string) ([]byte, error) {
	if s := c.property("", inline); s != "" {
		return []byte(s), nil
	}
	path := c.property("", location)
	if path == "" || path == "probe" { // "probe": librdkafka looks for the system's, as Go does by itself
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	return b, nil
}
