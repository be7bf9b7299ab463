package hdfsstore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint/remote"
)

func TestOptions(t *testing.T) {
	u, err := remote.ParseURL("hdfs://nn1:8020,nn2:9000/a/b?user=weir&datanode_hostname=true&protection=privacy")
	if err != nil {
		t.Fatal(err)
	}
	o, err := options(u)
	if err != nil || strings.Join(o.Addresses, " ") != "nn1:8020 nn2:9000" || o.User != "weir" || !o.UseDatanodeHostname || o.DataTransferProtection != "privacy" {
		t.Errorf("options %+v, %v", o, err)
	}
	t.Setenv("HADOOP_USER_NAME", "somebody")
	if u, err = remote.ParseURL("hdfs://nn1:8020/a"); err != nil {
		t.Fatal(err)
	}
	if o, err := options(u); err != nil || o.User != "somebody" {
		t.Errorf("user %q, %v", o.User, err)
	}
}

func TestRefusedOptions(t *testing.T) {
	dir := t.TempDir()
	conf, table := filepath.Join(dir, "krb5.conf"), filepath.Join(dir, "keytab")
	if err := os.WriteFile(conf, []byte("[libdefaults]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(table, []byte("no keytab"), 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"hdfs://nn1/a":                                                                           "expected host:port",
		"hdfs://nn1:1/a?protection=none":                                                         "expected one of authentication, privacy",
		"hdfs://nn1:1/a?datanode_hostname=yes":                                                   "expected true or false",
		"hdfs://nn1:1/a?principal=weir@EXAMPLE.ORG":                                              "principal and keytab go together",
		"hdfs://nn1:1/a?principal=weir@EXAMPLE.ORG&keytab=/none&krb5_conf=/none":                 "parameter krb5_conf",
		"hdfs://nn1:1/a?principal=weir&keytab=/none&krb5_conf=" + conf:                           "has no realm",
		"hdfs://nn1:1/a?principal=weir&realm=EXAMPLE.ORG&keytab=/none&krb5_conf=" + conf:         "parameter keytab",
		"hdfs://nn1:1/a?principal=weir&realm=EXAMPLE.ORG&keytab=" + table + "&krb5_conf=" + conf: "parameter keytab",
	} {
		u, err := remote.ParseURL(query)
		if err == nil {
			_, err = options(u)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want %q", query, err, want)
		}
	}
}
