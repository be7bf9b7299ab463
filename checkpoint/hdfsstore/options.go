package hdfsstore

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/user"
	"strings"

	"github.com/colinmarc/hdfs/v2"

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
	// The library (v2.4.0) writes with "integrity", and privacy's older ciphers, but loses its place when it reads them.
	if o.DataTransferProtection, err = u.OneOf("protection",
		hdfs.DataTransferProtectionAuthentication, hdfs.DataTransferProtectionPrivacy); err != nil {
		return o, err
	}
	if u.Get("principal") != "" || u.Get("keytab") != "" {
		// Data nodes of a secure cluster want a handshake, and say what else they want.
		o.DataTransferProtection = cmp.Or(o.DataTransferProtection, hdfs.DataTransferProtectionAuthentication)
		o.KerberosServicePrincipleName = cmp.Or(u.Get("service_principal"), "nn/_HOST")
		o.KerberosClient, err = kerberos(u)
		return o, err
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
