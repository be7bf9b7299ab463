package stream

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Output is the record that a sink is about to write: Key, Value, Headers, Timestamp, Topic, Partition.
type Output = operators.Output

// Encode fills in the record to be written for v. An error fails the epoch.
type Encode[T any] func(v T, out *Output) error

// To writes every record to topic.
func To[T any](s Stream[T], topic string, encode Encode[T], opts ...Option) {
	sink(s, operators.Destination{Topics: []string{topic}}, encode, opts)
}

// ToTopics writes every record to the one of these topics that encode puts into Output.Topic. All of them have to exist, and are looked at before
// the job begins. A record for any other topic fails.
func ToTopics[T any](s Stream[T], topics []string, encode Encode[T], opts ...Option) {
	sink(s, operators.Destination{Topics: topics}, encode, opts)
}

// ToAny writes every record to the topic that encode puts into Output.Topic, where topics are not known beforehand: each one is looked at before the
// first record is written to it. A record for a topic that does not exist, or that must not be written to, fails, and with it the job
// (unless OnError says otherwise): topics are never created.
func ToAny[T any](s Stream[T], encode Encode[T], opts ...Option) {
	sink(s, operators.Destination{Any: true}, encode, opts)
}

// Partitioner chooses a partition for a record, from 0 up to but without partitions.
type Partitioner = operators.Partitioner

// PartitionBy lets a sink choose partitions by fn where Output.Partition names none. It must depend on its arguments alone, or the records of a key lose
// their order. Without it a record with a key goes where Java's client would put it, by murmur2 of the key; one without a key goes to any
// partition. fn hears of partitions that are added to a topic within half a minute.
func PartitionBy(fn Partitioner) Option {
	return func(n *node) {
		n.partition = fn
		n.need(fn != nil, "the function of PartitionBy is nil")
	}
}

func sink[T any](s Stream[T], to operators.Destination, encode Encode[T], opts []Option) {
	in, n := after(s, "sink", opts)
	n.sinks = slices.Clone(to.Topics)
	to.Topics, to.Partition = n.sinks, n.partition
	n.need(len(to.Topics) > 0 || to.Any, "it has no topic")
	n.need(!slices.Contains(to.Topics, ""), "its topic is empty")
	n.need(encode != nil, "the encode function is nil")
	in.feeds(func(b *builder) operators.Push[T] {
		return operators.Guarded(n.guard(b), operators.Sink(b.task, n.label(), to, encode))
	})
}

// AsValue writes the value and no key.
func AsValue[T any](codec state.Codec[T]) Encode[T] {
	if codec == nil {
		return nil
	}
	return func(v T, out *Output) (err error) {
		if out.Value, err = codec.Append(out.Buf(), v); err != nil {
			return fmt.Errorf("value: %w", err)
		}
		return nil
	}
}

// AsPair writes key and value.
func AsPair[K, V any](key state.Codec[K], value state.Codec[V]) Encode[KV[K, V]] {
	if key == nil || value == nil {
		return nil
	}
	return func(p KV[K, V], out *Output) (err error) {
		if out.Key, err = key.Append(out.Buf(), p.Key); err != nil {
			return fmt.Errorf("key: %w", err)
		}
		if out.Value, err = value.Append(out.Buf(), p.Value); err != nil {
			return fmt.Errorf("value: %w", err)
		}
		return nil
	}
}

// AsRecord writes a record as it was read: key, value, headers and timestamp.
func AsRecord(r *Record, out *Output) error {
	out.Key, out.Value, out.Headers, out.Timestamp = r.Key, r.Value, r.Headers, r.Timestamp
	return nil
}
