package state_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/state"
)

func value(uid, name string) state.Descriptor {
	return state.Descriptor{UID: uid, Name: name, Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"}
}

func register(t *testing.T, r *state.Registry, d state.Descriptor, want uint16) {
	t.Helper()
	if id, err := r.Register(d); err != nil || id != want {
		t.Errorf("%s/%s got id %d, %v; want %d", d.UID, d.Name, id, err, want)
	}
}

func TestRegistryGoesOn(t *testing.T) {
	r, err := state.NewRegistry(nil)
	must(t, err)
	register(t, r, value("a", "x"), 1)
	register(t, r, value("a", "y"), 2)
	register(t, r, value("b", "x"), 3)
	register(t, r, value("a", "x"), 1)

	// Through a manifest, without one of the states, whose id must not be given away while another is above it.
	b, err := json.Marshal(slices.Delete(r.Descriptors(), 1, 2))
	must(t, err)
	var recorded []state.Descriptor
	must(t, json.Unmarshal(b, &recorded))
	r, err = state.NewRegistry(recorded)
	must(t, err)
	register(t, r, value("b", "x"), 3)
	register(t, r, value("a", "y"), 4)
	if got := r.Descriptors(); len(got) != 3 || got[0].ID != 1 || got[1].ID != 3 || got[2].ID != 4 {
		t.Errorf("descriptors: %+v", got)
	}
}

func TestRegistryMismatch(t *testing.T) {
	base := state.Descriptor{UID: "classify", Name: "threshold", Kind: state.KindMap, KeyCodec: "string", ValueCodec: "json", MapKeyCodec: "bytes"}
	for what, change := range map[string]func(d *state.Descriptor){
		`kind is "map" in the checkpoint and "list" in the job`:                    func(d *state.Descriptor) { d.Kind = state.KindList },
		`value codec is "json" in the checkpoint and "int64-be" in the job`:        func(d *state.Descriptor) { d.ValueCodec = "int64-be" },
		`map key codec is "bytes" in the checkpoint and "string" in the job`:       func(d *state.Descriptor) { d.MapKeyCodec = "string" },
		`state "threshold" of operator "classify": key codec is "string" in the c`: func(d *state.Descriptor) { d.KeyCodec = "bytes" },
	} {
		r, err := state.NewRegistry(nil)
		must(t, err)
		register(t, r, base, 1)
		d := base
		change(&d)
		if _, err := r.Register(d); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want %q", err, what)
		}
	}
}

func TestRegistryTakesUnknownKeyCodecAndNewSchema(t *testing.T) {
	if _, err := state.NewRegistry([]state.Descriptor{value("a", "x")}); err == nil {
		t.Error("a descriptor without an id was taken")
	}
	d := value("a", "x")
	d.ID, d.KeyCodec, d.Schema = 5, "", "v1"
	r, err := state.NewRegistry([]state.Descriptor{d})
	must(t, err)
	d.KeyCodec, d.Schema = "string", "v2"
	register(t, r, d, 5)
	d.KeyCodec = ""
	register(t, r, d, 5)
	if got := r.Descriptors()[0]; got.KeyCodec != "string" || got.Schema != "v2" {
		t.Errorf("recorded: %+v", got)
	}
}

func TestRegistryRefusesContradictions(t *testing.T) {
	a, b := value("a", "x"), value("b", "x")
	a.ID, b.ID = 1, 1
	if _, err := state.NewRegistry([]state.Descriptor{a, b}); err == nil {
		t.Error("one id for two states was taken")
	}
	b = a
	b.ID = 2
	if _, err := state.NewRegistry([]state.Descriptor{a, b}); err == nil {
		t.Error("two ids for one state were taken")
	}
	a.ID = 65535
	r, err := state.NewRegistry([]state.Descriptor{a})
	must(t, err)
	if _, err := r.Register(value("c", "x")); err == nil {
		t.Error("an id beyond the last was given")
	}
}

func TestRegistryConcurrently(t *testing.T) {
	r, err := state.NewRegistry(nil)
	must(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				if _, err := r.Register(value("op", fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, d := range r.Descriptors() {
		if int(d.ID) != i+1 {
			t.Fatalf("descriptor %d has id %d", i, d.ID)
		}
	}
}
