package pebble

import "bytes"

// Keys that are asked for in order, as when the timers of a window fire, are mostly neighbours, or nearly. Going on to the next entry costs a
// fraction of a search, which asks the filters of every table above the last level that may have the key.

const (
	// inOrder is how many keys in a row must have been found, each behind the one before, until the reader walks.
	inOrder = 8
	// stride is how many entries it walks over before it searches again.
	stride = 4
)

// walk is how a reader goes from key to key.
type walk struct {
	last []byte // the key asked for last
	row  int    // so many were found in a row, in order
	on   bool   // the iterator stands at the last key, or at the first entry behind it
}

// note takes down what became of key.
func (w *walk) note(key []byte, found bool) {
	switch {
	case !found:
		w.row = 0
	case bytes.Compare(w.last, key) < 0:
		w.row++
	default:
		w.row = 1
	}
	w.last = append(w.last[:0], key...)
}

// step is get for a reader that walks.
func (r *reader) step(key []byte) (found bool) {
	if !r.walk.on {
		r.walk.on = true
		return r.it.SeekGE(key) && bytes.Equal(r.it.Key(), key)
	}
	for range stride {
		if !r.it.Valid() {
			return false // the end
		}
		if c := bytes.Compare(r.it.Key(), key); c >= 0 {
			return c == 0
		}
		r.it.Next()
	}
	return r.it.SeekGE(key) && bytes.Equal(r.it.Key(), key)
}
