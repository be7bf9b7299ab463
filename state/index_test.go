package state

import (
	"testing"

	"pgregory.net/rapid"
)

// cells lists those that a lookup of hash meets.
func (x *index) cells(hash uint32) (met []uint32) {
	if x.taken == 0 {
		return nil
	}
	for i := hash; x.at(i).cell != 0; i++ {
		if x.at(i).hash == hash {
			met = append(met, x.at(i).cell-1)
		}
	}
	return met
}

// Few different hashes, so that they collide, in runs that go over the end of the table as well.
func TestIndexAgainstMap(t *testing.T) {
	hashes := rapid.SampledFrom([]uint32{0, 1, 2, 3, 14, 15, 16, 17, 30, 31, 1<<32 - 1, 1<<32 - 2})
	rapid.Check(t, func(t *rapid.T) {
		var x index
		model := map[uint32]uint32{} // hash by cell
		next := uint32(0)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				h := hashes.Draw(t, "hash")
				x.add(h, next)
				model[next] = h
				next++
			},
			"remove": func(t *rapid.T) {
				if next == 0 {
					t.Skip("nothing yet")
				}
				cell := rapid.Uint32Range(0, next-1).Draw(t, "cell")
				if h, ok := model[cell]; ok {
					x.remove(h, cell)
					delete(model, cell)
				}
			},
			"": func(t *rapid.T) {
				found := 0
				for _, h := range []uint32{0, 1, 2, 3, 14, 15, 16, 17, 30, 31, 1<<32 - 1, 1<<32 - 2} {
					for _, cell := range x.cells(h) {
						if found++; model[cell] != h {
							t.Fatalf("cell %d under %d, which belongs under %d", cell, h, model[cell])
						}
					}
				}
				if found != len(model) || x.taken != len(model) {
					t.Fatalf("%d cells found, %d counted, of %d", found, x.taken, len(model))
				}
			},
		})
	})
}
