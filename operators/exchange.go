package operators

import (
	"sync"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// A batch goes to the next task when it has this many records (or fewer, see Env.Portion) or bytes of keys, or when its sender has taken in this many
// bytes since it was begun: the size of a record's value is known there only.
const (
	exchangeRecords = 512
	exchangeKeys    = 32 << 10
	exchangeBytes   = 1 << 20
)

// Exchange is what both ends of a keyBy have in common: the functions, and batches that go round.
type Exchange[K, T any] struct {
	Number int
	UID    string
	Key    func(T) K
	Codec  state.Codec[K]
	// Raw: some operator behind it may write dead letters, so that source records travel along.
	Raw    bool
	Values state.Codec[T] // of records that go through a repartition topic; nil: they can't

	pool sync.Pool
}

// keyed is a record in an exchange. Its encoded key ends at end in the batch's keys and begins where the one before ends.
type keyed[K, T any] struct {
	v      T
	k      K
	origin Origin
	ts     int64
	end    uint32
	group  uint16
}

type keyedBatch[K, T any] struct {
	records []keyed[K, T]
	keys    []byte
	raws    []txn.Record // of each record, if the exchange carries them; without a partition: there is none
	bytes   int          // Task.bytes of the sender when it began; once sent, what it has grown by
	limit   int          // records
}

func (b *keyedBatch[K, T]) Len() int { return len(b.records) }

func (x *Exchange[K, T]) batch() *keyedBatch[K, T] {
	if b, ok := x.pool.Get().(*keyedBatch[K, T]); ok {
		return b
	}
	return &keyedBatch[K, T]{records: make([]keyed[K, T], 0, exchangeRecords)}
}

func (x *Exchange[K, T]) recycle(b *keyedBatch[K, T]) {
	if cap(b.keys) > 4*exchangeKeys {
		return // it once held a huge key
	}
	clear(b.records) // keep no value alive
	clear(b.raws)
	b.records, b.keys, b.raws = b.records[:0], b.keys[:0], b.raws[:0]
	x.pool.Put(b)
}

// portion is how many records a batch for a task behind an exchange has at most, which is most if nobody asks for fewer.
func (t *Task) portion(exchange, target, most int) int {
	if t.env.Portion == nil {
		return most
	}
	return min(max(t.env.Portion(exchange, target), 1), most)
}
