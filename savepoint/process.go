package savepoint

import (
	"context"
	"iter"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// Operator makes the state of one operator; see Process and Transform.
type Operator struct {
	graph func(uid string) graph
}

// WithOperator lets op make state of the operator uid, on top of what the savepoint has of it: call WithoutOperator to begin with none.
func (e *Edit) WithOperator(uid string, op Operator) *Edit {
	e.graphs = append(e.graphs, op.graph(uid))
	return e
}

// Process runs records through a function with state, as stream.Process does in a job: open declares the states and timers and returns
// the function. Timers are set and don't fire; what the function emits is dropped. An error among the records ends the Write.
func Process[K, T, U any](keys state.Codec[K], records iter.Seq2[KV[K, T], error], open func(s *stream.Setup) stream.ProcessFunc[K, T, U]) Operator {
	return Operator{func(uid string) graph {
		each := func(context.Context, *graphState) iter.Seq2[Record[KV[K, T]], error] { return stamped(records) }
		return newGraph(each, func(s stream.Stream[KV[K, T]]) { keyed(s, uid, keys, open) })
	}}
}

// Transform calls the function that open returns once for each key that the operator has state or timers for, in no particular order. The state that it leaves
// is what the new savepoint has.
func Transform[K, U any](keys state.Codec[K], open func(s *stream.Setup) stream.ProcessFunc[K, struct{}, U]) Operator {
	return Operator{func(uid string) graph {
		each := func(ctx context.Context, g *graphState) iter.Seq2[Record[KV[K, struct{}]], error] {
			return keysOf(ctx, g, uid, keys)
		}
		return newGraph(each, func(s stream.Stream[KV[K, struct{}]]) { keyed(s, uid, keys, open) })
	}}
}

// Record is a record for WithJob.
type Record[T any] struct {
	Value     T
	Timestamp int64 // ms since the epoch
}

// WithJob runs records through operators of a job: build adds them to the stream of the records, with the uids that they have in the job. All state that they
// come to have is in the new savepoint: that of windows, too. Nothing fires, because event time stands still, and processing time is asked by nobody.
func WithJob[T any](e *Edit, records iter.Seq2[Record[T], error], build func(s stream.Stream[T])) *Edit {
	each := func(context.Context, *graphState) iter.Seq2[Record[T], error] { return records }
	e.graphs = append(e.graphs, newGraph(each, build))
	return e
}

// stamped gives records the timestamp 0, which is no time (graphState.timed).
func stamped[T any](records iter.Seq2[T, error]) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		for r, err := range records {
			if !yield(Record[T]{Value: r}, err) {
				return
			}
		}
	}
}

// keyed adds a process operator whose records bring their keys along.
func keyed[K, T, U any](s stream.Stream[KV[K, T]], uid string, keys state.Codec[K], open func(s *stream.Setup) stream.ProcessFunc[K, T, U]) {
	byKey := stream.KeyByCodec(s, func(kv KV[K, T]) K { return kv.Key }, keys)
	stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[K, KV[K, T], U] {
		fn := open(s)
		if fn == nil {
			return nil // which stream reports
		}
		return func(ctx *stream.Context[K, U], kv KV[K, T]) error { return fn(ctx, kv.Value) }
	}, stream.UID(uid))
}

// graph is operators that run to make state.
type graph struct {
	job  *stream.Job
	feed func(ctx context.Context, g *graphState, push func(b *txn.Batch) error) error
}

// feedRecords is how many records go through at a time.
const feedRecords = 512

func newGraph[T any](records func(ctx context.Context, g *graphState) iter.Seq2[Record[T], error], build func(s stream.Stream[T])) graph {
	job := stream.NewJob("bootstrap")
	var values []T // of the batch at work, by offset
	decode := func(r *stream.Record) (T, error) { return values[r.Offset], nil }
	build(stream.From(job, stream.Topics("records"), decode, stream.Watermarks(0)))
	feed := func(ctx context.Context, g *graphState, push func(b *txn.Batch) error) error {
		b := &txn.Batch{Partition: txn.Partition{Topic: "records"}}
		flush := func() error {
			err := push(b)
			clear(values)
			values, b.Records = values[:0], b.Records[:0]
			return err
		}
		for r, err := range records(ctx, g) {
			if err != nil {
				return err
			}
			b.Records = append(b.Records, txn.Record{Offset: int64(len(values)), Timestamp: r.Timestamp})
			if values = append(values, r.Value); len(values) < feedRecords {
				continue
			}
			if err := flush(); err != nil {
				return err
			}
		}
		return flush()
	}
	return graph{job, feed}
}
