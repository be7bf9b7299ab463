package state_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// Between shows what a sorted list would, in the overlay, in the backend and in between.
func TestMapBetweenAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		backend := memory.New()
		reg, _ := state.NewRegistry(nil)
		s := state.NewStore(backend, reg, state.Options{})
		m, err := state.NewMap(s, "op", "m", state.Int64{}, state.Int64{})
		if err != nil {
			t.Fatal(err)
		}
		have, seq := map[string]map[int64]int64{"a": {}, "b": {}}, uint64(0)
		var unapplied [][]state.Entry
		number := rapid.Int64Range(-5, 15)
		setKey := func(t *rapid.T) map[int64]int64 {
			k := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			s.SetKey(3, []byte(k))
			return have[k]
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				of, k, v := setKey(t), number.Draw(t, "k"), number.Draw(t, "v")
				if err := m.Put(k, v); err != nil {
					t.Fatal(err)
				}
				of[k] = v
			},
			"delete": func(t *rapid.T) {
				of, k := setKey(t), number.Draw(t, "k")
				if err := m.Delete(k); err != nil {
					t.Fatal(err)
				}
				delete(of, k)
			},
			"seal": func(t *rapid.T) {
				seq++
				entries, err := s.Seal(seq)
				if err != nil {
					t.Fatal(err)
				}
				unapplied = append(unapplied, entries)
			},
			"apply": func(t *rapid.T) {
				if len(unapplied) == 0 {
					return
				}
				if err := backend.Apply(state.Merge(unapplied...), fmt.Sprint(seq)); err != nil {
					t.Fatal(err)
				}
				s.Applied(seq)
				unapplied = nil
			},
			"between": func(t *rapid.T) {
				of, from, to := setKey(t), number.Draw(t, "from"), number.Draw(t, "to")
				var got, want []string
				if err := m.Between(from, to, func(k, v int64) bool {
					got = append(got, fmt.Sprint(k, "=", v))
					return true
				}); err != nil {
					t.Fatal(err)
				}
				for k := from; k < to; k++ {
					if v, ok := of[k]; ok {
						want = append(want, fmt.Sprint(k, "=", v))
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("from %d to %d: %v, want %v", from, to, got, want)
				}
			},
		})
	})
}
