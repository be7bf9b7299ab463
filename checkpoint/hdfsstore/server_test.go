//go:build integration

package hdfsstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint/hdfsstore"
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
	s, err := hdfsstore.Open(t.Context(), u)
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

// TestServer: HDFS does what package store promises.
func TestServer(t *testing.T) {
	server := objecttest.HDFS(t)
	var n atomic.Int32
	t.Run("conformance", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return mustOpen(t, server.URL(fmt.Sprint("store/", n.Add(1)))) })
	})
	t.Run("large", func(t *testing.T) { large(t, server.URL("large")+"&block_size=4194304&replication=1") })
	t.Run("name nodes", func(t *testing.T) { nameNodes(t, server.URL("nodes")) })
	t.Run("refusals", func(t *testing.T) { refusals(t, server.URL("refusals")) })
	t.Run("away", func(t *testing.T) { away(t, server) })
}

func large(t *testing.T, url string) {
	s := mustOpen(t, url)
	defer s.Close()
	data := make([]byte, 30<<20) // several blocks
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
	t.Logf("30 MiB written in %v, read in %v", written, time.Since(began)-written)
}

// nameNodes: the one that answers is found among those that don't.
func nameNodes(t *testing.T, url string) {
	s := mustOpen(t, strings.Replace(url, "hdfs://", "hdfs://127.0.0.1:1,", 1))
	defer s.Close()
	if err := storetest.Put(s, "a", []byte("1")); err != nil {
		t.Error(err)
	}
}

func refusals(t *testing.T, url string) {
	url, _, _ = strings.Cut(url, "?")
	_, err := open(t, url+"?user=stranger&timeout=5s")
	if err == nil || errors.Is(err, remote.ErrUnavailable) || !strings.Contains(err.Error(), "check the user") {
		t.Errorf("a stranger: error %v", err)
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
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("five calls took %v", took)
	}
	server.Restart()
	// The library asks a name node that has failed again after 5 s.
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		got, err := storetest.Get(s, "a")
		if err == nil && string(got) == "1" {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("afterwards: %q, %v", got, err)
		}
	}
}
