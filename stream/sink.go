package stream

import (
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Output is the record that a sink is about to write.
type Output = operators.Output

// Encode fills in the record to be written for v. An error fails the epoch.
type Encode[T any] func(v T, out *Output) error

// To writes every record to topic.
func To[T any](s Stream[T], topic string, encode Encode[T], opts ...Option) {
	in, n := after(s, "sink", opts)
	n.topic = topic
	n.need(topic != "", "its topic is empty")
	n.need(encode != nil, "the encode function is nil")
	in.feeds(func(b *builder) operators.Push[T] {
		return operators.Sink(b.task, n.label(), topic, encode)
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
