package pebble_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// entries are n small sorted ones out of a million keys, as an epoch of counts leaves them.
func entries(n int, value int64) []state.Entry {
	const keys = 1_000_000
	batch := make([]state.Entry, 0, n)
	for g := range 128 {
		step := keys / n
		for i := range n / 128 {
			key := state.AppendKey(nil, uint16(g), 1, fmt.Appendf(nil, "user-%07d", (i*step+rand.IntN(step))*128+g))
			batch = append(batch, state.Entry{Key: key, Value: binary.BigEndian.AppendUint64(nil, uint64(value))})
		}
	}
	return batch
}

func open(tb testing.TB) *pebble.Backend {
	tb.Helper()
	b, err := pebble.Open(tb.TempDir(), pebble.Options{JobID: "bench"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1280, 12_800, 99_840} {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			backend := open(b)
			var batches [][]state.Entry
			for i := range 8 {
				batches = append(batches, entries(n, int64(i)))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := backend.Apply(batches[i%len(batches)], "marker"); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// Reads of keys that no overlay holds, from a million on disk.
func BenchmarkColdGet(b *testing.B) {
	backend := open(b)
	all := entries(999_936, 1)
	if err := backend.Apply(all, "m"); err != nil {
		b.Fatal(err)
	}
	if err := backend.Flush(); err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.Run("present", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v, ok, err := backend.Get(all[rand.IntN(len(all))].Key, dst[:0])
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
			dst = v
		}
	})
	b.Run("in order", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			v, ok, err := backend.Get(all[i%len(all)].Key, dst[:0])
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
			dst = v
		}
	})
	b.Run("absent", func(b *testing.B) {
		b.ReportAllocs()
		key := state.AppendKey(nil, 5, 1, []byte("user-0000000"))
		for b.Loop() {
			binary.BigEndian.PutUint32(key[len(key)-4:], rand.Uint32())
			if _, ok, err := backend.Get(key, dst[:0]); err != nil || ok {
				b.Fatal(ok, err)
			}
		}
	})
}
