package hdfsstore

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"strings"

	"github.com/colinmarc/hdfs/v2"
	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/weirstream/weir/checkpoint/remote"
)

// options turns a URL into those of the client library. Name nodes are tried in turn: the one that is not on standby answers.
func options(u *remote.URL) (hdfs.ClientOptions, error) {
	dial := dialer(u.Policy.Timeout)
	o := hdfs.ClientOptions{NamenodeDialFunc: dial, DatanodeDialFunc: dial}
	for address := range strings.SplitSeq(u.Host, ",") {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return o, fmt.Errorf("name node %q: expected host:port (often 8020 or 9000), several separated by commas", address)
		}
		o.Addresses = append(o.Addresses, address)
	}
	var err error
	if o.UseDatanodeHostname, err = u.Bool("datanode_hostname"); err != nil {
		return o, err
	}
	if o.DataTransferProtection, err = u.OneOf("protection",
		hdfs.DataTransferProtectionAuthentication, hdfs.DataTransferProtectionIntegrity, hdfs.DataTransferProtectionPrivacy); err != nil {
		return o, err
	}
	if u.Get("principal") != "" || u.Get("keytab") != "" {
		return o, kerberos(u, &o)
	}
	o.User = cmp.Or(u.Get("user"), os.Getenv("HADOOP_USER_NAME"))
	if o.User == "" {
		me, err := user.Current()
		if err != nil {
			return o, fmt.Errorf("no user: add user=… to the URL, or set HADOOP_USER_NAME: %w", err)
		}
		o.User = me.Username
	}
	return o, nil
}

// kerberos logs in with a keytab. Tickets are renewed by the library.
func kerberos(u *remote.URL, o *hdfs.ClientOptions) error {
	principal, file := u.Get("principal"), u.Get("keytab")
	if principal == "" || file == "" {
		return errors.New("parameters principal and keytab go together: name both")
	}
	conf, err := config.Load(cmp.Or(u.Get("krb5_conf"), os.Getenv("KRB5_CONFIG"), "/etc/krb5.conf"))
	if err != nil {
		return fmt.Errorf("kerberos settings (parameter krb5_conf): %w", err)
	}
	name, realm, _ := strings.Cut(principal, "@")
	realm = cmp.Or(u.Get("realm"), realm, conf.LibDefaults.DefaultRealm)
	if realm == "" {
		return fmt.Errorf("principal %s has no realm, and neither has the Kerberos configuration a default; add realm=… to the URL", principal)
	}
	keys, err := keytab.Load(file)
	if err != nil {
		return fmt.Errorf("parameter keytab: %w", err)
	}
	o.KerberosClient = client.NewWithKeytab(name, realm, keys, conf, client.DisablePAFXFAST(true))
	if err := o.KerberosClient.Login(); err != nil {
		return fmt.Errorf("kerberos login of %s@%s: %w", name, realm, err)
	}
	o.KerberosServicePrincipleName = cmp.Or(u.Get("service_principal"), "nn/_HOST")
	return nil
}
