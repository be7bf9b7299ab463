package state_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

func newStore(tb testing.TB, b state.Backend, o state.Options) *state.Store {
	tb.Helper()
	reg, err := state.NewRegistry(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return state.NewStore(b, reg, o)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// benchKeys are like user ids: about 11 bytes, in no order.
func benchKeys(n int) (keys [][]byte, groups []uint16) {
	for i := range n {
		k := fmt.Appendf(nil, "user-%06d", (i*7919)%n)
		keys = append(keys, k)
		groups = append(groups, state.KeyGroup(k, state.DefaultMaxParallelism))
	}
	return keys, groups
}

func BenchmarkSetKey(b *testing.B) {
	s := newStore(b, memory.New(), state.Options{})
	keys, groups := benchKeys(1000)
	i := 0
	for b.Loop() {
		s.SetKey(groups[i], keys[i])
		if i++; i == len(keys) {
			i = 0
		}
	}
}

func BenchmarkKeyGroup(b *testing.B) {
	keys, _ := benchKeys(1000)
	i := 0
	for b.Loop() {
		state.KeyGroup(keys[i], state.DefaultMaxParallelism)
		if i++; i == len(keys) {
			i = 0
		}
	}
}

// The hot path: set the key, read, write, over keys that are in the overlay.
func BenchmarkValueGetSetHot(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			s := newStore(b, memory.New(), state.Options{})
			v, err := state.NewValue(s, "op", "v", state.Int64{})
			must(b, err)
			keys, groups := benchKeys(n)
			for i, k := range keys {
				s.SetKey(groups[i], k)
				must(b, v.Set(0))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.SetKey(groups[i], keys[i])
				x, _, _ := v.Get()
				_ = v.Set(x + 1)
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

func BenchmarkMapGetPutHot(b *testing.B) {
	s := newStore(b, memory.New(), state.Options{})
	m, err := state.NewMap(s, "op", "m", state.Int64{}, state.Int64{})
	must(b, err)
	keys, groups := benchKeys(1000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.SetKey(groups[i], keys[i])
		x, _, _ := m.Get(int64(i & 7))
		_ = m.Put(int64(i&7), x+1)
		if i++; i == len(keys) {
			i = 0
		}
	}
}

func BenchmarkReducingAddHot(b *testing.B) {
	s := newStore(b, memory.New(), state.Options{})
	r, err := state.NewReducing(s, "op", "r", state.Int64{}, func(a, x int64) int64 { return a + x })
	must(b, err)
	keys, groups := benchKeys(1000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.SetKey(groups[i], keys[i])
		_, _ = r.Add(1)
		if i++; i == len(keys) {
			i = 0
		}
	}
}

// New keys over an empty backend: a miss there, a cell, and its share of sealing every 10,000.
func BenchmarkValueNewKeys(b *testing.B) {
	s := newStore(b, memory.New(), state.Options{})
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(b, err)
	var key [8]byte
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		i++
		binary.LittleEndian.PutUint64(key[:], i*0x9e3779b97f4a7c15)
		s.SetKey(uint16(key[0]&0x7f), key[:])
		x, _, _ := v.Get()
		_ = v.Set(x + 1)
		if i%10_000 == 0 {
			_, _ = s.Seal(i)
			s.Applied(i)
		}
	}
}

func BenchmarkSeal100k(b *testing.B) {
	s := newStore(b, memory.New(), state.Options{})
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(b, err)
	keys, groups := benchKeys(100_000)
	b.ReportAllocs()
	seq := uint64(0)
	for b.Loop() {
		b.StopTimer()
		for i, k := range keys {
			s.SetKey(groups[i], k)
			_ = v.Set(int64(i))
		}
		seq++
		b.StartTimer()
		entries, err := s.Seal(seq)
		if err != nil || len(entries) != len(keys) {
			b.Fatal(len(entries), err)
		}
		s.Applied(seq)
	}
}

func BenchmarkMerge10x10k(b *testing.B) {
	var batches [][]state.Entry
	keys, groups := benchKeys(100_000)
	for i := range 10 {
		s := newStore(b, memory.New(), state.Options{})
		v, err := state.NewValue(s, "op", "v", state.Int64{})
		must(b, err)
		for j := range 10_000 {
			k := (j*7 + i*5000) % len(keys)
			s.SetKey(groups[k], keys[k])
			_ = v.Set(int64(i))
		}
		entries, err := s.Seal(1)
		must(b, err)
		batches = append(batches, entries)
	}
	b.ReportAllocs()
	for b.Loop() {
		state.Merge(batches...)
	}
}

// BenchmarkSealLongKeys is an epoch of one of two tasks that change ten thousand keys together: for so long a barrier holds it up.
func BenchmarkSealLongKeys(b *testing.B) {
	s := newStore(b, memory.New(), state.Options{})
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(b, err)
	const n = 10_000_000
	seq, at := uint64(0), 0
	for b.Loop() {
		b.StopTimer()
		for range 5_000 {
			k := fmt.Appendf(nil, "customer-account-of-the-northern-branch-%020d", at%n)
			s.SetKey(state.KeyGroup(k, state.DefaultMaxParallelism), k)
			_ = v.Set(int64(at))
			at += 7919
		}
		seq++
		b.StartTimer()
		entries, err := s.Seal(seq)
		if err != nil || len(entries) != 5_000 {
			b.Fatal(len(entries), err)
		}
		s.Applied(seq)
	}
}
