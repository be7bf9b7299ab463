package state_test

import (
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// counted counts the reads that reach a backend.
type counted struct {
	state.Backend
	gets int
}

func (c *counted) Get(key, dst []byte) ([]byte, bool, error) {
	c.gets++
	return c.Backend.Get(key, dst)
}

// What was deleted goes first: keys pass through, each is deleted an epoch later, and those that stay are never read again.
func TestDeletedValuesGoFirst(t *testing.T) {
	const stay, pass, epochs = 200, 200, 50
	backend := &counted{Backend: memory.New()}
	s := state.NewStore(backend, newRegistry(t), state.Options{CacheBytes: 1 << 20})
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(t, err)
	set := func(k string) {
		s.SetKey(1, []byte(k))
		must(t, v.Set(1))
	}
	commit := func(seq int) {
		entries, err := s.Seal(uint64(seq))
		must(t, err)
		must(t, backend.Apply(entries, fmt.Sprint(seq)))
		s.Applied(uint64(seq))
	}
	for i := range stay {
		set(fmt.Sprint("stay", i))
	}
	commit(1)
	limit := 4 * s.CacheBytes() // room for those that stay, and for a few epochs of the others
	s = state.NewStore(backend, newRegistry(t), state.Options{CacheBytes: limit})
	v, err = state.NewValue(s, "op", "v", state.Int64{})
	must(t, err)
	for e := range epochs {
		for i := range stay {
			s.SetKey(1, fmt.Append(nil, "stay", i))
			if _, ok, err := v.Get(); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		for i := range pass {
			set(fmt.Sprint("pass", e, "-", i))
			if e > 0 {
				s.SetKey(1, fmt.Append(nil, "pass", e-1, "-", i))
				must(t, v.Clear())
			}
		}
		commit(e + 2)
		if s.CacheBytes() > limit*2 {
			t.Fatalf("epoch %d: the cache has %d bytes, its limit is %d", e, s.CacheBytes(), limit)
		}
	}
	if backend.gets > stay+stay/10 {
		t.Errorf("%d reads for %d values that stay", backend.gets, stay)
	}
}
