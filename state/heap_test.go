package state

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Every length has a place that is large enough and at most a quarter larger, and classes grow with lengths.
func TestClassOf(t *testing.T) {
	last := 0
	for n := range 1 << 20 {
		class, size := classOf(n)
		if size < n || n > 128 && size > n+n/4+1 || class < last || class > last+1 {
			t.Fatalf("%d bytes: class %d after %d, places of %d", n, class, last, size)
		}
		last = class
	}
}

// What is put in is what is got, whatever is put in and released beside it, and memory is used again.
func TestByteHeapAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h byteHeap
		model := map[byteRef][]byte{}
		length := rapid.OneOf(rapid.IntRange(0, 200), rapid.SampledFrom([]int{127, 128, 129, heapBlock - 1, heapBlock, heapBlock + 1, 3 * heapBlock}))
		fill := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				fill++
				b := bytes.Repeat([]byte{fill}, length.Draw(t, "length"))
				r := h.put(b)
				if _, taken := model[r]; taken {
					t.Fatalf("%v is given out twice", r)
				}
				model[r] = b
			},
			"release": func(*rapid.T) {
				for r := range model {
					h.release(r)
					delete(model, r)
					break
				}
			},
			"": func(t *rapid.T) {
				for r, want := range model {
					if got := h.get(r); !bytes.Equal(got, want) {
						t.Fatalf("%v: %d bytes of %v, want %d of %v", r, len(got), got[:min(len(got), 1)], len(want), want[:min(len(want), 1)])
					}
				}
			},
		})
	})
}

func TestByteHeapGivesBackAndReuses(t *testing.T) {
	var h byteHeap
	long := h.put(make([]byte, 1<<20))
	h.release(long)
	if h.memory != 0 {
		t.Errorf("%d bytes are held for a long string that was released", h.memory)
	}
	for range 10_000 {
		h.release(h.put(make([]byte, 40)))
	}
	if h.memory > heapBlock {
		t.Errorf("%d bytes for one string at a time", h.memory)
	}
}
