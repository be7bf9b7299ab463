package minheap_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/internal/minheap"
)

func less(a, b *int) bool { return *a < *b }

// Whatever is changed, the least is on top.
func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 20).Draw(t, "things")
		minheap.Init(h, less)
		for len(h) > 0 {
			want := slices.Sorted(slices.Values(h))
			if h[0] != want[0] {
				t.Fatalf("the top of %v is %d, want %d", h, h[0], want[0])
			}
			if rapid.Bool().Draw(t, "drop") {
				h = minheap.DropTop(h, less)
				want = want[1:]
			} else {
				h[0] += rapid.IntRange(0, 3).Draw(t, "grow")
				want[0] = h[0]
				minheap.Fix(h, less)
				if h[0] > 30 {
					h = h[:0]
					continue
				}
			}
			slices.Sort(want)
			if got := slices.Sorted(slices.Values(h)); !slices.Equal(got, want) {
				t.Fatalf("the heap has %v, want %v", got, want)
			}
		}
	})
}

func Example() {
	runs := [][]int{{3, 5}, {1, 9}, {2}}
	first := func(a, b *[]int) bool { return (*a)[0] < (*b)[0] }
	minheap.Init(runs, first)
	for len(runs) > 0 {
		fmt.Print(runs[0][0], " ")
		if runs[0] = runs[0][1:]; len(runs[0]) > 0 {
			minheap.Fix(runs, first)
		} else {
			runs = minheap.DropTop(runs, first)
		}
	}
	// Output: 1 2 3 5 9
}
