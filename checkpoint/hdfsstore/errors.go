package hdfsstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/weirstream/weir/checkpoint/remote"
)

// refusals are those that the library tells in text only: what is in it, and what to do.
var refusals = []struct{ text, advice string }{
	{"unexpected sequence number", "a cluster with Kerberos answers so who comes without: add parameters principal and keytab"},
	{"kerberos authentication not supported", "the cluster has no Kerberos: use parameter user instead of principal and keytab"},
	{"KDC_ERR_S_PRINCIPAL_UNKNOWN", "set parameter service_principal to that of the name nodes (dfs.namenode.kerberos.principal), or use their names in the URL, not their addresses"},
	{"cannot parse invalid wire-format", "data nodes must have dfs.data.transfer.protection=authentication, or privacy with dfs.encrypt.data.transfer.cipher.suites=AES/CTR/NoPadding: " +
		"the client library writes to others, but can't read from them"},
	{"negotiating data protection", "set parameter protection to what the data nodes have (dfs.data.transfer.protection), of which they must have one only"},
}

// refusal returns what to do about an error that trying again does not help with.
func refusal(err error) (advice string, ok bool) {
	for _, r := range refusals {
		if strings.Contains(err.Error(), r.text) {
			return r.advice, true
		}
	}
	return "", false
}

func isNotExist(err error) bool { return errors.Is(err, os.ErrNotExist) }

// passes says whether trying again may help.
func passes(err error) bool {
	for _, final := range []error{os.ErrNotExist, os.ErrPermission, os.ErrExist, os.ErrInvalid, context.Canceled} {
		if errors.Is(err, final) {
			return false
		}
	}
	_, refused := refusal(err)
	return !refused
}

// failed is the error of an operation on a blob: where, what, why, and what to do.
func (s *Store) failed(op, name string, err error) error {
	return fmt.Errorf("checkpoint store %s: %s %s: %w", s.url, op, name, explain(err))
}

// explain says what to do about an error, and marks those that may pass.
func explain(err error) error {
	var netErr net.Error
	advice, refused := refusal(err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, remote.ErrUnavailable):
		return err
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w; check the user (parameter user, or the Kerberos principal), and that it may write the folder", err)
	case refused:
		return fmt.Errorf("%w; %s", err, advice)
	// The library puts some causes into text only.
	case errors.As(err, &netErr), strings.Contains(err.Error(), "no available namenodes"), strings.Contains(err.Error(), "connection refused"):
		return fmt.Errorf("%w: %w; check that name nodes and data nodes can be reached from here", remote.ErrUnavailable, err)
	}
	return err
}

// unavailable explains why a store can't be opened; what may pass, such as the safe mode of a name node that starts, is no matter of settings.
func unavailable(err error) error {
	err = explain(err)
	if passes(err) && !errors.Is(err, remote.ErrUnavailable) {
		return fmt.Errorf("%w: %w", remote.ErrUnavailable, err)
	}
	return err
}
