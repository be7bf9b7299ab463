package state_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// nested has references at some depth.
type nested struct {
	N     int
	Deep  [2]struct{ Words []string }
	Table map[string]int
}

// What is changed in place in a copy leaves the state as it was, until it is set.
func TestLendCopies(t *testing.T) {
	backend := memory.New()
	s := newStore(t, backend, state.Options{})
	v, err1 := state.NewValue(s, "op", "v", state.JSON[nested]{})
	b, err2 := state.NewValue(s, "op", "b", state.Bytes{})
	m, err3 := state.NewMap(s, "op", "m", state.String{}, state.JSON[nested]{})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	v.LendCopies()
	b.LendCopies()
	m.LendCopies()
	s.SetKey(1, []byte("k"))
	for _, get := range []func() (nested, bool, error){v.Get, func() (nested, bool, error) { return m.Get("a") }} {
		if _, ok, err := get(); ok || err != nil {
			t.Fatalf("of nothing: %v, %v", ok, err)
		}
	}
	one := nested{N: 1, Table: map[string]int{"x": 1}}
	one.Deep[1].Words = []string{"old"}
	two := one
	if err := errors.Join(v.Set(one), b.Set([]byte("old")), m.Put("a", two)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, get := range []func() (nested, bool, error){v.Get, func() (nested, bool, error) { return m.Get("a") }} {
			got, _, err := get()
			if err != nil || got.Table["x"] != 1 || got.Deep[1].Words[0] != "old" {
				t.Fatalf("got %v, %v", got, err)
			}
			got.Table["x"], got.Deep[1].Words[0] = 2, "new"
		}
		if got, _, err := b.Get(); err != nil || string(got) != "old" {
			t.Fatalf("got %s, %v", got, err)
		} else {
			copy(got, "new")
		}
	}
	got, _, _ := v.Get()
	got.Table["x"] = 3
	if err := v.Set(got); err != nil {
		t.Fatal(err)
	}
	if got, _, err := v.Get(); err != nil || got.Table["x"] != 3 {
		t.Fatalf("set: got %v, %v", got, err)
	}
}

// oneWay can't read what it has written.
type oneWay struct{ state.Bytes }

func (oneWay) Decode([]byte) ([]byte, error) { return nil, errors.New("no way back") }

// A value that can't be copied is an access that has failed, and names the state.
func TestLendCopiesFails(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v, err1 := state.NewValue(s, "op", "v", state.Codec[[]byte](wrapped{oneWay{}}))
	m, err2 := state.NewMap(s, "op", "m", state.String{}, state.Codec[[]byte](wrapped{oneWay{}}))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	v.LendCopies()
	m.LendCopies()
	s.SetKey(1, []byte("k"))
	if err := errors.Join(v.Set(nil), m.Put("a", nil)); err != nil {
		t.Fatal(err)
	}
	for name, get := range map[string]func() ([]byte, bool, error){"op/v": v.Get, "op/m": func() ([]byte, bool, error) { return m.Get("a") }} {
		before := s.Touched()
		if _, ok, err := get(); ok || err == nil || !strings.Contains(err.Error(), "no way back") || s.Touched() == before {
			t.Errorf("%s: %v, %v, touched %d", name, ok, err, s.Touched()-before)
		}
	}
}

// wrapped hides what only the codecs of package state have.
type wrapped struct{ state.Codec[[]byte] }

// decodes counts how often values are decoded.
type decodes[T any] struct {
	state.JSON[T]
	n *int
}

func (c decodes[T]) Decode(b []byte) (T, error) {
	*c.n++
	return c.JSON.Decode(b)
}

// Values without references are not copied.
func TestLendCopiesOfFlatValues(t *testing.T) {
	type flat struct {
		N    int64
		At   time.Time
		Name string
		Grid [2][3]float64
	}
	s := newStore(t, memory.New(), state.Options{})
	flats, deep := 0, 0
	v, err1 := state.NewValue(s, "op", "v", decodes[flat]{n: &flats})
	d, err2 := state.NewValue(s, "op", "d", decodes[*flat]{n: &deep})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	v.LendCopies()
	d.LendCopies()
	s.SetKey(1, []byte("k"))
	if err := errors.Join(v.Set(flat{N: 1}), d.Set(&flat{N: 1})); err != nil {
		t.Fatal(err)
	}
	_, _, err1 = v.Get()
	_, _, err2 = d.Get()
	if got := fmt.Sprint(flats, deep, err1, err2); got != "0 1 <nil> <nil>" {
		t.Error(got)
	}
}
