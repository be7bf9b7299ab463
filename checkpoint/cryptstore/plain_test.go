package cryptstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint/cryptstore"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// A store that may hold plain files reads both kinds, writes with the key if there is one, and knows what it can't read without.
func TestPlain(t *testing.T) {
	keys, err := cryptstore.ParseKeys([]byte(strings.Repeat("7", 64)))
	if err != nil {
		t.Fatal(err)
	}
	raw := memstore.Open("")
	with, without := cryptstore.NewPlain(raw, keys), cryptstore.NewPlain(raw, nil)
	for name, s := range map[string]*cryptstore.Store{"sealed": with, "plain": without, "empty": without} {
		content := name
		if name == "empty" {
			content = ""
		}
		if err := storetest.Put(s, name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := storetest.Get(with, name); err != nil || string(got) != content {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := storetest.Get(without, "plain"); err != nil || string(got) != "plain" {
		t.Errorf("%q, %v", got, err)
	}
	var missing *cryptstore.KeyError
	if _, err := storetest.Get(without, "sealed"); !errors.As(err, &missing) || !strings.Contains(err.Error(), "WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE has to name") {
		t.Errorf("without the key: %v", err)
	}
	if _, err := storetest.Get(cryptstore.New(raw, keys), "plain"); !errors.As(err, &missing) {
		t.Errorf("a plain file among encrypted ones: %v", err)
	}
}

// A folder that is moved is read where it is, and a file that has got another name is not.
func TestMoved(t *testing.T) {
	keys, err := cryptstore.ParseKeys([]byte(strings.Repeat("7", 64)))
	if err != nil {
		t.Fatal(err)
	}
	raw := memstore.Open("")
	if err := storetest.Put(cryptstore.New(raw, keys), "job/savepoint/one/data-1", []byte("content")); err != nil {
		t.Fatal(err)
	}
	sealed, err := storetest.Get(raw, "job/savepoint/one/data-1")
	if err != nil {
		t.Fatal(err)
	}
	for name, readable := range map[string]bool{"elsewhere/data-1": true, "job/savepoint/one/data-2": false} {
		if err := storetest.Put(raw, name, sealed); err != nil {
			t.Fatal(err)
		}
		if _, err := storetest.Get(cryptstore.New(raw, keys), name); (err == nil) != readable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
