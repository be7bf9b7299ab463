//go:build integration

package hdfsstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/internal/objecttest"
)

// TestKerberos: a secure cluster with a key distribution center of its own does what package store promises, with each protection of what is sent that the library can read.
func TestKerberos(t *testing.T) {
	t.Run("integrity", func(t *testing.T) {
		t.Parallel()
		if _, err := open(t, objecttest.SecureHDFS(t, "integrity").URL("x")); err == nil || errors.Is(err, remote.ErrUnavailable) || !strings.Contains(err.Error(), "can't read") {
			t.Errorf("error %v", err)
		}
	})
	for _, protection := range []string{"authentication", "privacy"} {
		t.Run(protection, func(t *testing.T) {
			t.Parallel()
			server := objecttest.SecureHDFS(t, protection)
			var n atomic.Int32
			t.Run("conformance", func(t *testing.T) {
				storetest.Run(t, func(t *testing.T) store.Store {
					url := server.URL(fmt.Sprint("store/", n.Add(1)))
					if n.Load()%2 == 0 { // all else is as the data nodes say
						url += "&protection=" + protection
					}
					return mustOpen(t, url)
				})
			})
			t.Run("large", func(t *testing.T) { large(t, server.URL("large")+"&block_size=4194304") })
			t.Run("tickets", func(t *testing.T) { tickets(t, server.URL("tickets")) })
			t.Run("refusals", func(t *testing.T) { secureRefusals(t, server.URL("refusals"), protection) })
		})
	}
}

// tickets end after five seconds, and connections that nobody uses earlier: work goes on.
func tickets(t *testing.T, url string) {
	s := mustOpen(t, url+"&attempts=2")
	defer s.Close()
	for i := range 3 {
		if err := storetest.Put(s, fmt.Sprint(i), []byte("1")); err != nil {
			t.Fatalf("after %d waits: %v", i, err)
		}
		time.Sleep(6 * time.Second)
	}
	if names, err := s.List(t.Context(), ""); err != nil || len(names) != 3 {
		t.Errorf("%v, %v", names, err)
	}
}

func secureRefusals(t *testing.T, url, protection string) {
	nowhere := filepath.Join(t.TempDir(), "krb5.conf")
	conf, err := os.ReadFile(regexp.MustCompile("krb5_conf=([^&]*)").FindStringSubmatch(url)[1])
	if err != nil {
		t.Fatal(err)
	}
	conf = regexp.MustCompile(`kdc = localhost:\d+`).ReplaceAll(conf, []byte("kdc = localhost:1"))
	if err := os.WriteFile(nowhere, conf, 0o600); err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(url, "?")
	for name, test := range map[string]struct {
		url, want string
		passes    bool
	}{
		"another's keytab":    {url: strings.Replace(url, "principal=weir@", "principal=stranger@", 1), want: "check parameters principal and keytab"},
		"nobody":              {url: strings.Replace(url, "principal=weir@", "principal=nobody@", 1), want: "check parameters principal and keytab"},
		"a stranger":          {url: strings.NewReplacer("weir@", "stranger@", "weir.keytab", "stranger.keytab").Replace(url), want: "check the user"},
		"no Kerberos":         {url: before + "?user=weir", want: "add parameters principal and keytab"},
		"another service":     {url: url + "&service_principal=other/_HOST", want: "service_principal"},
		"an address":          {url: strings.Replace(url, "localhost", "127.0.0.1", 1), want: "not their addresses"},
		"no answer of realms": {url: strings.Split(url, "&krb5_conf=")[0] + "&attempts=2&krb5_conf=" + nowhere, want: "can be reached from here", passes: true},
	} {
		began := time.Now()
		_, err := open(t, test.url)
		if err == nil || errors.Is(err, remote.ErrUnavailable) != test.passes || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v; want %q", name, err, test.want)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
	if protection != "privacy" {
		if _, err := open(t, url+"&protection=privacy"); err == nil || errors.Is(err, remote.ErrUnavailable) || !strings.Contains(err.Error(), "dfs.data.transfer.protection") {
			t.Errorf("more protection than there is: error %v", err)
		}
	}
}
