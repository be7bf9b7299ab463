package hdfsstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	krb5 "github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/krberror"

	"github.com/weirstream/weir/checkpoint/remote"
)

// kerberos is a client that has not logged in yet, with the keytab that the URL names.
func kerberos(u *remote.URL) (*krb5.Client, error) {
	principal, file := u.Get("principal"), u.Get("keytab")
	if principal == "" || file == "" {
		return nil, errors.New("parameters principal and keytab go together: name both")
	}
	conf, err := config.Load(cmp.Or(u.Get("krb5_conf"), os.Getenv("KRB5_CONFIG"), "/etc/krb5.conf"))
	if err != nil {
		return nil, fmt.Errorf("kerberos settings (parameter krb5_conf): %w", err)
	}
	// Who has a keytab logs in anew when a ticket ends. The library would try to renew one that can be renewed until the end of that time, in vain
	// once it has ended: after a while in which nobody could, as when the machine slept.
	conf.LibDefaults.RenewLifetime = 0
	name, realm, _ := strings.Cut(principal, "@")
	realm = cmp.Or(u.Get("realm"), realm, conf.LibDefaults.DefaultRealm)
	if realm == "" {
		return nil, fmt.Errorf("principal %s has no realm, and neither has the Kerberos configuration a default; add realm=… to the URL", principal)
	}
	keys, err := keytab.Load(file)
	if err != nil {
		return nil, fmt.Errorf("parameter keytab: %w", err)
	}
	return krb5.NewWithKeytab(name, realm, keys, conf, krb5.DisablePAFXFAST(true)), nil
}

// login gets the first ticket. The library gets the next ones.
func login(ctx context.Context, policy remote.Policy, c *krb5.Client) error {
	err := policy.Try(ctx, noAnswer, func(context.Context) error { return c.Login() })
	if err == nil {
		return nil
	}
	who := c.Credentials.UserName() + "@" + c.Credentials.Domain()
	if noAnswer(err) {
		return fmt.Errorf("%w: kerberos login of %s: %w; check that the realm's servers in krb5_conf can be reached from here", remote.ErrUnavailable, who, err)
	}
	return fmt.Errorf("kerberos login of %s: %w; check parameters principal and keytab", who, err)
}

// noAnswer says whether a login failed without an answer of the realm's servers.
func noAnswer(err error) bool {
	var k krberror.Krberror
	return errors.As(err, &k) && k.RootCause == krberror.NetworkingError
}
