// Package minheap keeps the least of a few things on top of a slice, as merges of sorted sources need it: a binary heap whose top is changed in
// place. container/heap does the same through an interface, whose calls a merge would make for each entry.
package minheap

// Init makes a heap of h: h[0] is then the least.
func Init[T any](h []T, less func(a, b *T) bool) {
	for i := len(h)/2 - 1; i >= 0; i-- {
		down(h, i, less)
	}
}

// Fix puts a heap right whose top has been changed.
func Fix[T any](h []T, less func(a, b *T) bool) { down(h, 0, less) }

// DropTop takes the top away from a heap, which must not be empty, and returns what is left.
func DropTop[T any](h []T, less func(a, b *T) bool) []T {
	last := len(h) - 1
	h[0] = h[last]
	clear(h[last:]) // so that nothing keeps what it refers to
	down(h[:last], 0, less)
	return h[:last]
}

func down[T any](h []T, i int, less func(a, b *T) bool) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && less(&h[child+1], &h[child]) {
			child++
		}
		if !less(&h[child], &h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
