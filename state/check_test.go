package state_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// picky can't encode "bad", and panics on "worse".
type picky struct{ state.String }

func (picky) Name() string { return "picky" }

func (picky) Append(dst []byte, v string) ([]byte, error) {
	switch v {
	case "bad":
		return nil, errors.New("it is bad")
	case "worse":
		panic("it is worse")
	}
	return append(dst, v...), nil
}

// pickyStates writes a value to a state of each kind.
func pickyStates(t *testing.T, s *state.Store, opts ...state.HandleOption) map[string]func(v string) error {
	t.Helper()
	value, err := state.NewValue(s, "op", "value", picky{}, opts...)
	must(t, err)
	table, err := state.NewMap(s, "op", "map", state.String{}, picky{}, opts...)
	must(t, err)
	list, err := state.NewList(s, "op", "list", picky{}, opts...)
	must(t, err)
	sum, err := state.NewReducing(s, "op", "reducing", picky{}, func(_, v string) string { return v }, opts...)
	must(t, err)
	all := map[string]func(v string) error{
		"value": value.Set, "map": func(v string) error { return table.Put("x", v) }, "list": list.Add,
		"list set": func(v string) error { return list.Set([]string{"good", v}) }, "reducing": func(v string) error { _, err := sum.Add(v); return err },
	}
	s.SetKey(0, []byte("k"))
	return all
}

// A value that can't be encoded is refused where it is written, and nothing has changed then.
func TestWithChecks(t *testing.T) {
	for _, of := range []string{"value", "map", "list", "list set", "reducing"} {
		for _, how := range []string{"state", "store"} {
			t.Run(of+" by the "+how, func(t *testing.T) {
				var opts []state.HandleOption
				if how == "state" {
					opts = append(opts, state.WithChecks())
				}
				s := state.NewStore(memory.New(), newRegistry(t), state.Options{CheckWrites: how == "store"})
				write := pickyStates(t, s, opts...)[of]
				touched := s.Touched()
				err := write("bad")
				if err == nil || !strings.Contains(err.Error(), `of operator "op", key "k": codec picky: it is bad`) {
					t.Fatalf("write: %v", err)
				}
				if s.Dirty() || of != "reducing" && s.Touched() != touched {
					t.Error("it has changed the state")
				}
				must(t, write("good"))
				seal(t, s, 1)
				if err := write("bad"); (err == nil) != (how == "store") {
					t.Errorf("after the first Seal: %v", err)
				}
			})
		}
	}
}

// Otherwise the end of the epoch fails. Also a panic there is known by its state and key.
func TestSealNamesWhatItFailsOn(t *testing.T) {
	for _, of := range []string{"value", "map", "list", "reducing"} {
		s := state.NewStore(memory.New(), newRegistry(t), state.Options{})
		write := pickyStates(t, s)
		must(t, write[of]("good"))
		s.SetKey(0, []byte("other"))
		must(t, write[of]("worse"))
		var panicked any
		func() {
			defer func() { panicked = recover() }()
			_, _ = s.Seal(1)
		}()
		if want := `state "` + of + `" of operator "op", key "other"`; panicked == nil || !strings.HasPrefix(s.Sealing(), want) {
			t.Errorf("panic %v at %s, expected %s", panicked, s.Sealing(), want)
		}
	}
}
