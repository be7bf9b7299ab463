package txn

import "sync"

// batches keeps the slices of recycled batches. Batches are made by the poll loop and let go by whoever has
// processed them, so that a pool beats a free list of either.
var batches = sync.Pool{New: func() any { return new(Batch) }}

// NewBatch returns an empty batch, with the memory of a recycled one if there is one.
func NewBatch(p Partition) *Batch {
	b := batches.Get().(*Batch)
	b.Partition = p
	return b
}

// Recycle gives the batch's Records slice back for use by a later batch. Nobody may refer to the batch or to its
// Records any more; keys, values and headers stay valid.
func Recycle(b *Batch) {
	if b == nil {
		return
	}
	clear(b.Records) // keep no key or value alive
	b.Records, b.Bytes, b.Partition = b.Records[:0], 0, Partition{}
	batches.Put(b)
}
