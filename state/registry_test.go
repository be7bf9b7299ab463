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

// A state of codec json is compared by its schema. All that it ever had is recorded, since values that nobody has written again are as they were.
func TestRegistryComparesSchemas(t *testing.T) {
	first := state.Descriptor{ID: 1, UID: "orders", Name: "open", Kind: state.KindValue, ValueCodec: "sessions:json", Schema: `{"total":"int64"}`}
	r, err := state.NewRegistry([]state.Descriptor{first})
	must(t, err)
	next := first
	for _, s := range []string{`{"total":"float64"}`, `{"note":"string"}`, ""} {
		next.Schema = s
		register(t, r, next, 1)
	}
	next.Schema = `{"total":"string"}`
	_, err = r.Register(next)
	want := `schema (total: string, was float64) is {"note":"string","total":"float64"} in the checkpoint and {"total":"string"} in the job`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := r.Descriptors()[0].Schema; got != `{"note":"string","total":"float64"}` {
		t.Errorf("recorded: %s", got)
	}
	if id, err := r.Unite(next); err != nil || id != 1 || r.Descriptors()[0].Schema != `{"note":"string","total":"any"}` {
		t.Errorf("united: %d, %v, %v", id, err, r.Descriptors())
	}
}

// What older versions recorded, the name of the Go type, fits everything, and so does what a codec of a job's own says.
func TestRegistryTakesSchemasOfOtherForms(t *testing.T) {
	for old, now := range map[string]string{"main.Order": `{"total":"int64"}`, "int64": `"string"`, `{"total":int}`: `{"total":"string"}`, "": `"bool"`, `"bool"`: "kilos"} {
		d := state.Descriptor{ID: 1, UID: "orders", Name: "open", Kind: state.KindValue, ValueCodec: "json", Schema: old}
		r, err := state.NewRegistry([]state.Descriptor{d})
		must(t, err)
		d.Schema = now
		register(t, r, d, 1)
		if got := r.Descriptors()[0].Schema; got != now {
			t.Errorf("recorded: %s, want %s", got, now)
		}
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
