package stream

import (
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// Record is a Kafka record: key, value (nil is Kafka's null), headers, timestamp in ms, and where it was read.
type Record = txn.Record

// Header is one header of a Record.
type Header = txn.Header

// Decode turns a record that was read into a value. The Record is valid during the call only; its key, value and headers
// can be kept but not changed. An error fails the epoch and names the record's position.
type Decode[T any] func(r *Record) (T, error)

// From reads topics. Within a partition records keep their order.
func From[T any](job *Job, from Subscription, decode Decode[T], opts ...Option) Stream[T] {
	n := job.add("source", opts)
	n.subscribe(from)
	n.need(decode != nil, "the decode function is nil")
	event, set := timeOf[T](n)
	out := &flow[T]{node: n}
	n.raw = new(bool)
	n.chain = func(env *operators.Env) (*operators.Chain, error) {
		b := &builder{task: operators.NewTask(env)}
		if *n.raw || n.onError.Letters != "" {
			b.task.KeepRaw()
		}
		next := out.build(b)
		if set {
			g := n.guard(b)
			next = operators.Guarded(g, operators.WithEventTime(b.task, n.label(), event, operators.Held(g, next)))
		}
		decode := operators.GuardedDecode(n.guard(b), decode)
		return b.task.SourceChain(operators.Source(b.task, n.label(), decode, next)), b.err
	}
	return out
}

// Values decodes the value and ignores the rest. A null value is decoded like an empty one.
func Values[T any](codec state.Codec[T]) Decode[T] {
	if codec == nil {
		return nil
	}
	return func(r *Record) (T, error) {
		v, err := codec.Decode(r.Value)
		if err != nil {
			return v, fmt.Errorf("value: %w", err)
		}
		return v, nil
	}
}

// Pairs decodes key and value. A null is decoded like an empty one.
func Pairs[K, V any](key state.Codec[K], value state.Codec[V]) Decode[KV[K, V]] {
	if key == nil || value == nil {
		return nil
	}
	return func(r *Record) (p KV[K, V], err error) {
		if p.Key, err = key.Decode(r.Key); err != nil {
			return p, fmt.Errorf("key: %w", err)
		}
		if p.Value, err = value.Decode(r.Value); err != nil {
			return p, fmt.Errorf("value: %w", err)
		}
		return p, nil
	}
}

// Raw leaves records as they are. A *Record is reused: it can be mapped, filtered and written by a sink, but what goes
// through a KeyBy or into state has to be taken out of it first.
func Raw(r *Record) (*Record, error) { return r, nil }
