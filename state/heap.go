package state

import "math/bits"

// byteHeap keeps many short byte strings in blocks without pointers, so that the garbage collector has nothing to look through. What is
// released is used again for strings of about the same length; only long ones are given back.
type byteHeap struct {
	classes []sizeClass
	memory  int64 // of all blocks
}

// sizeClass is the places for strings of about one length.
type sizeClass struct {
	size   int
	blocks [][]byte
	used   uint32 // places that were ever taken
	free   []uint32
}

// byteRef is a string in a byteHeap.
type byteRef struct{ place, length uint32 }

const heapBlock = 32 << 10

// classOf is the class of strings of n bytes and the size of its places: a multiple of 16 up to 128, above that four steps for each power of
// two.
func classOf(n int) (class, size int) {
	if n <= 128 {
		class = (max(n, 1) + 15) / 16
		return class, class * 16
	}
	shift := bits.Len(uint(n-1)) - 3
	steps := (n-1)>>shift + 1 // 5 to 8
	return 8 + (shift-5)*4 + steps - 4, steps << shift
}

func (c *sizeClass) perBlock() uint32 { return uint32(max(1, heapBlock/c.size)) }

// put copies b.
func (h *byteHeap) put(b []byte) byteRef {
	class, size := classOf(len(b))
	for class >= len(h.classes) {
		h.classes = append(h.classes, sizeClass{})
	}
	c := &h.classes[class]
	c.size = size
	r := byteRef{h.take(c), uint32(len(b))}
	copy(h.get(r), b)
	return r
}

// take finds a free place.
func (h *byteHeap) take(c *sizeClass) (place uint32) {
	if n := len(c.free); n > 0 {
		place, c.free = c.free[n-1], c.free[:n-1]
	} else {
		place = c.used
		c.used++
	}
	n := c.perBlock()
	if int(place/n) == len(c.blocks) {
		c.blocks = append(c.blocks, nil)
	}
	if b := &c.blocks[place/n]; *b == nil {
		*b = make([]byte, int(n)*c.size)
		h.memory += int64(len(*b))
	}
	return place
}

// get is the string itself. It must not be changed, and not be used after release.
func (h *byteHeap) get(r byteRef) []byte {
	class, size := classOf(int(r.length))
	c := &h.classes[class]
	n := c.perBlock()
	at := int(r.place%n) * size
	return c.blocks[r.place/n][at : at+int(r.length) : at+int(r.length)]
}

func (h *byteHeap) release(r byteRef) {
	class, _ := classOf(int(r.length))
	c := &h.classes[class]
	c.free = append(c.free, r.place)
	if n := c.perBlock(); n == 1 {
		h.memory -= int64(len(c.blocks[r.place]))
		c.blocks[r.place] = nil
	}
}
