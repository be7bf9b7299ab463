//go:build integration

package blobstore_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint/blobstore"
	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/internal/objecttest"
)

func open(t *testing.T, url string) (store.Store, error) {
	t.Helper()
	u, err := remote.ParseURL(url)
	if err != nil {
		return nil, err
	}
	s, err := blobstore.Open(t.Context(), u)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func mustOpen(t *testing.T, url string) store.Store {
	t.Helper()
	s, err := open(t, url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var servers = map[string]func(testing.TB) *objecttest.Server{"s3": objecttest.S3, "gs": objecttest.GCS, "azblob": objecttest.Azure}

// TestServers: every kind of object store does what package store promises, sends large blobs in parts, and says so when it is away.
func TestServers(t *testing.T) {
	for scheme, start := range servers {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			server := start(t)
			var n atomic.Int32
			t.Run("conformance", func(t *testing.T) {
				storetest.Run(t, func(t *testing.T) store.Store { return mustOpen(t, server.URL(fmt.Sprint("store/", n.Add(1)))) })
			})
			t.Run("large", func(t *testing.T) { large(t, server.URL("large")) })
			t.Run("away", func(t *testing.T) { away(t, server) })
		})
	}
}

// large blobs arrive whole, and one whose writing fails in the midst of its parts never shows.
func large(t *testing.T, url string) {
	s := mustOpen(t, url)
	defer s.Close()
	data := make([]byte, 40<<20)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(data)
	began := time.Now()
	if err := storetest.Put(s, "large", data); err != nil {
		t.Fatal(err)
	}
	written := time.Since(began)
	got, err := storetest.Get(s, "large")
	if err != nil || string(got) != string(data) {
		t.Fatalf("got %d bytes, %v; want the %d written", len(got), err, len(data))
	}
	t.Logf("40 MiB written in %v, read in %v", written, time.Since(began)-written)
	mine := errors.New("mine")
	err = s.Put(t.Context(), "never", func(w io.Writer) error {
		_, err := w.Write(data[:30<<20])
		return errors.Join(err, mine)
	})
	if !errors.Is(err, mine) {
		t.Errorf("error %v", err)
	}
	if _, err := storetest.Get(s, "never"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("an upload that failed shows: %v", err)
	}
}

// away: while the server is gone every call says so within its time, and all is well when it is back.
func away(t *testing.T, server *objecttest.Server) {
	url := server.URL("away") + "&timeout=2s&attempts=2"
	s := mustOpen(t, url)
	defer s.Close()
	if err := storetest.Put(s, "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	began := time.Now()
	_, listErr := s.List(t.Context(), "")
	_, getErr := storetest.Get(s, "a")
	_, openErr := open(t, url)
	for op, err := range map[string]error{
		"put": storetest.Put(s, "a", []byte("2")), "get": getErr, "list": listErr, "delete": s.Delete(t.Context(), "a"), "open": openErr,
	} {
		if !errors.Is(err, remote.ErrUnavailable) || errors.Is(err, store.ErrNotExist) || op != "open" && !strings.Contains(err.Error(), s.URL()+": "+op) {
			t.Errorf("%s: error %v", op, err)
		}
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("five calls took %v", took)
	}
	server.Restart()
	if got, err := storetest.Get(s, "a"); err != nil || string(got) != "1" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

// TestRefusals: what is wrong is told with what to do, and without secrets.
func TestRefusals(t *testing.T) {
	for scheme, start := range servers {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			url := start(t).URL("x") + "&timeout=5s"
			_, err := open(t, strings.Replace(url, "//bucket/", "//other/", 1))
			wantRefusal(t, "bucket", err, "does not exist", "create it")
			for _, parameter := range []string{"secret_key_file", "key_file"} {
				if before, file, ok := strings.Cut(url, "&"+parameter+"="); ok {
					_, rest, _ := strings.Cut(file, "&")
					wrong := t.TempDir() + "/wrong"
					writeFile(t, wrong, "d3JvbmdzZWNyZXQ=")
					_, err := open(t, before+"&"+parameter+"="+wrong+"&"+rest)
					wantRefusal(t, "key", err, "check the credentials")
				}
			}
		})
	}
}

func wantRefusal(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if err == nil || errors.Is(err, remote.ErrUnavailable) || strings.Contains(err.Error(), "d3JvbmdzZWNyZXQ") {
		t.Fatalf("wrong %s: error %v", what, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("wrong %s: error %v does not say %q", what, err, word)
		}
	}
}
