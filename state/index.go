package state

import "hash/maphash"

// index finds cells by their keys: open addressing with linear probing, 8 bytes per place and no pointers, where Go's map takes
// several times that and has the garbage collector look through it.
type index struct {
	places []place // a power of two, at most three quarters of them taken
	taken  int
}

// place holds half a hash, and the cell's number plus 1; 0 if it is free.
type place struct{ hash, cell uint32 }

// seed is one for the process: hashes stay within it.
var seed = maphash.MakeSeed()

func hashOf(key []byte) uint32         { return uint32(maphash.Bytes(seed, key)) }
func hashOfString(key string) uint32   { return uint32(maphash.String(seed, key)) }
func (x *index) mask() uint32          { return uint32(len(x.places) - 1) }
func (x *index) at(i uint32) *place    { return &x.places[i&x.mask()] }
func (x *index) distance(i uint32) int { return int((i - x.at(i).hash) & x.mask()) }

// add puts in a cell that isn't there.
func (x *index) add(hash, cell uint32) {
	if x.taken++; x.taken*4 > len(x.places)*3 {
		x.grow()
	}
	x.put(place{hash, cell + 1})
}

func (x *index) put(p place) {
	i := p.hash
	for x.at(i).cell != 0 {
		i++
	}
	*x.at(i) = p
}

func (x *index) grow() {
	old := x.places
	x.places = make([]place, max(16, 2*len(old)))
	for _, p := range old {
		if p.cell != 0 {
			x.put(p)
		}
	}
}

// remove takes out a cell that is there, and moves up those behind it that would not be found over the gap.
func (x *index) remove(hash, cell uint32) {
	gap := hash
	for x.at(gap).cell != cell+1 {
		gap++
	}
	for i := gap + 1; x.at(i).cell != 0; i++ {
		if x.distance(i) >= int((i-gap)&x.mask()) {
			*x.at(gap) = *x.at(i)
			gap = i
		}
	}
	*x.at(gap) = place{}
	x.taken--
}
