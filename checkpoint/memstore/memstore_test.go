package memstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memstore.Open("") })
}

func TestSharedByName(t *testing.T) {
	if err := storetest.Put(memstore.Open(t.Name()), "x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if got, err := storetest.Get(memstore.Open(t.Name()), "x"); err != nil || string(got) != "1" {
		t.Errorf("the same name: %q, %v", got, err)
	}
	if _, err := storetest.Get(memstore.Open(t.Name()+"2"), "x"); err == nil {
		t.Error("another name shares the blob")
	}
	if _, err := storetest.Get(memstore.Open(""), "x"); err == nil {
		t.Error("a private store shares the blob")
	}
}
