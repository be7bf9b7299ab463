package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// TestEveryByteOfEveryFile flips a bit of every byte of every file that a restore needs, cuts the file there, and removes it. The error
// names the file, and nothing is restored from an older one.
func TestEveryByteOfEveryFile(t *testing.T) {
	s := memstore.Open("")
	decided, want := session(t, s, "r1")
	wantState(t, s, decided, want, "undamaged")
	r, err := checkpoint.NewRepository(s, "job", "", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Plan(context.Background(), decided, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(filesOf(p))) {
		whole, err := storetest.Get(s, name)
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string) {
			t.Helper()
			got := newBackend()
			err := restore(s, decided, got)
			var corrupt *checkpoint.CorruptError
			if err == nil || !strings.Contains(err.Error(), name) || !errors.As(err, &corrupt) && !errors.Is(err, checkpoint.ErrNotExist) {
				t.Fatalf("%s, %s: error %v, want one that names the file", name, what, err)
			}
			if len(got.data) > 0 {
				t.Fatalf("%s, %s: state %v was restored", name, what, got.data)
			}
		}
		for i := range whole {
			damaged := slices.Clone(whole)
			damaged[i] ^= 1 << (i % 8)
			mustPutFile(t, s, name, damaged)
			check(fmt.Sprintf("byte %d of %d flipped", i, len(whole)))
			mustPutFile(t, s, name, whole[:i])
			check(fmt.Sprintf("cut at %d of %d", i, len(whole)))
		}
		mustPutFile(t, s, name, append(slices.Clone(whole), 0))
		check("one byte more")
		if err := s.Delete(context.Background(), name); err != nil {
			t.Fatal(err)
		}
		check("removed")
		mustPutFile(t, s, name, whole)
	}
	wantState(t, s, decided, want, "repaired")
}

func mustPutFile(t *testing.T, s checkpoint.Store, name string, data []byte) {
	t.Helper()
	if err := storetest.Put(s, name, data); err != nil {
		t.Fatal(err)
	}
}

// TestNewerManifest: it is told from a damaged one.
func TestNewerManifest(t *testing.T) {
	s := memstore.Open("")
	id := checkpoint.MakeID("r1", 1)
	name := "job/manifest/" + string(id)
	mustPutFile(t, s, name, checkpoint.EncodeForTest(checkpoint.Manifest{Format: checkpoint.ManifestFormat + 1, ID: id}, `{"format":3,"anything":[]}`))
	err := restore(s, id, newBackend())
	var version *checkpoint.VersionError
	if !errors.As(err, &version) || !strings.Contains(err.Error(), "newer version") || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v", err)
	}
}

// TestUnknownFieldsAreIgnored within a format: docs/format.md promises it.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	s := memstore.Open("")
	id := checkpoint.MakeID("r1", 1)
	mustPutFile(t, s, "job/manifest/"+string(id), checkpoint.EncodeForTest(checkpoint.Manifest{Format: 1, ID: id},
		`{"format":1,"job":"job","id":"`+string(id)+`","run":"r1","epoch":1,"colour":"blue"}`))
	if err := restore(s, id, newBackend()); err != nil {
		t.Error(err)
	}
}

// FuzzManifest: whatever the bytes, there is an error or a manifest of this very job, and no panic.
func FuzzManifest(f *testing.F) {
	s := memstore.Open("")
	r, err := checkpoint.NewRepository(s, "job", "r1", checkpoint.Options{})
	if err != nil {
		f.Fatal(err)
	}
	id := checkpoint.MakeID("r1", 1)
	if _, err := r.Prepare(context.Background(), checkpoint.Manifest{ID: id}, nil); err != nil {
		f.Fatal(err)
	}
	name := "job/manifest/" + string(id)
	whole, err := storetest.Get(s, name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add([]byte(`{"format":1,"job":"job","id":"r1-000000000001","run":"r1","epoch":1,"parent":"r1-000000000001"}`), true)
	f.Add([]byte(`{"format":1,"job":"job","id":"r1-000000000001","run":"r1","epoch":1,"delta":{"name":"manifest/r1-000000000001","inline":true,"size":-1}}`), true)
	f.Fuzz(func(t *testing.T, data []byte, body bool) {
		if body { // under a valid first line
			data = checkpoint.EncodeForTest(checkpoint.Manifest{Format: 1, ID: id}, string(data))
		}
		s := memstore.Open("")
		mustPutFile(t, s, name, data)
		if err := restore(s, id, newBackend()); err != nil && !strings.Contains(err.Error(), string(id)) {
			t.Errorf("error %v does not name the checkpoint", err)
		}
	})
}
