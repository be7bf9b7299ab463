package operators

import "unsafe"

const (
	arenaChunk = 64 << 10
	arenaLow   = 1 << 10 // with less room than this left, the next chunk begins
)

// arena hands out memory for the many small slices of output records, an allocation for thousands of them. Chunks
// are never reused: a client may hold on to records until they are delivered.
type arena struct {
	chunk []byte // len: what is in use
}

// free is an empty, non-nil slice to append to, up to cap without an allocation.
func (a *arena) free() []byte {
	if cap(a.chunk)-len(a.chunk) < arenaLow {
		a.chunk = make([]byte, 0, arenaChunk)
	}
	n := len(a.chunk)
	return a.chunk[n:n:cap(a.chunk)]
}

// keep takes b out of the arena's free memory, if that is where b begins (it may have outgrown it or be something else).
func (a *arena) keep(b []byte) []byte {
	n := len(a.chunk)
	if len(b) == 0 || n == cap(a.chunk) {
		return b
	}
	if unsafe.SliceData(b) != unsafe.SliceData(a.chunk[n:cap(a.chunk)]) {
		return b
	}
	a.chunk = a.chunk[:n+len(b)]
	return b[:len(b):len(b)]
}
