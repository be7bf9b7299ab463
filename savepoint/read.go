package savepoint

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/weirstream/weir/state"
)

// KV is a record's key and what a state holds for it.
type KV[K, V any] struct {
	Key   K
	Value V
}

// MapEntry is an entry of a map, or, without a Key, of a broadcast state.
type MapEntry[K, MK, V any] struct {
	Key    K
	MapKey MK
	Value  V
}

// Timer is a timer that is set.
type Timer[K any] struct {
	Key       K
	Domain    state.Domain
	At        int64 // ms since the epoch
	Namespace []byte
}

// oneValue are the kinds of states that have one value for each key.
var oneValue = []state.Kind{state.KindValue, state.KindReducing, state.KindAggregating}

// ReadValues reads a value, reducing or aggregating state. Codecs must be those that the state was written with; the first error, which ends
// the reading, says if they aren't.
func ReadValues[K, V any](ctx context.Context, sp *Savepoint, uid, name string, key state.Codec[K], value state.Codec[V]) iter.Seq2[KV[K, V], error] {
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), ValueCodec: value.Name()}
	return read(ctx, sp, want, nil, oneValue, func(e Entry) (kv KV[K, V], err error) {
		if kv.Key, err = key.Decode(e.Key); err == nil {
			kv.Value, err = value.Decode(e.Value)
		}
		return kv, err
	})
}

// Get returns what a value, reducing or aggregating state holds for one key; only its key group is read.
func Get[K, V any](ctx context.Context, sp *Savepoint, uid, name string, key state.Codec[K], value state.Codec[V], k K) (v V, ok bool, err error) {
	encoded, err := key.Append([]byte{}, k)
	if err != nil {
		return v, false, fmt.Errorf("key: codec %s: %w", key.Name(), err)
	}
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), ValueCodec: value.Name()}
	decode := func(e Entry) (V, error) { return value.Decode(e.Value) }
	for v, err := range read(ctx, sp, want, encoded, oneValue, decode) {
		return v, err == nil, err
	}
	return v, false, nil
}

// ReadMap reads a map state, entry by entry.
func ReadMap[K, MK, V any](ctx context.Context, sp *Savepoint, uid, name string, key state.Codec[K], mapKey state.Codec[MK], value state.Codec[V]) iter.Seq2[MapEntry[K, MK, V], error] {
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), MapKeyCodec: mapKey.Name(), ValueCodec: value.Name()}
	return read(ctx, sp, want, nil, []state.Kind{state.KindMap}, func(e Entry) (m MapEntry[K, MK, V], err error) {
		if m.Key, err = key.Decode(e.Key); err != nil {
			return m, err
		}
		if m.MapKey, err = mapKey.Decode(e.Suffix); err == nil {
			m.Value, err = value.Decode(e.Value)
		}
		return m, err
	})
}

// ReadBroadcast reads a broadcast state.
func ReadBroadcast[MK, V any](ctx context.Context, sp *Savepoint, uid, name string, mapKey state.Codec[MK], value state.Codec[V]) iter.Seq2[KV[MK, V], error] {
	want := state.Descriptor{UID: uid, Name: name, MapKeyCodec: mapKey.Name(), ValueCodec: value.Name()}
	return read(ctx, sp, want, nil, []state.Kind{state.KindBroadcast}, func(e Entry) (kv KV[MK, V], err error) {
		if kv.Key, err = mapKey.Decode(e.Suffix); err == nil {
			kv.Value, err = value.Decode(e.Value)
		}
		return kv, err
	})
}

// ReadTimers reads the timers of an operator, which are called "timers" unless the operator says otherwise.
func ReadTimers[K any](ctx context.Context, sp *Savepoint, uid, name string, key state.Codec[K]) iter.Seq2[Timer[K], error] {
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), ValueCodec: "none"}
	return read(ctx, sp, want, nil, []state.Kind{state.KindTimer}, func(e Entry) (t Timer[K], err error) {
		if t.Domain, t.At, t.Namespace, err = SplitTimer(e.Suffix); err == nil {
			t.Key, err = key.Decode(e.Key)
		}
		return t, err
	})
}

// ReadLists reads a list state, list by list: all elements of a key are in memory together.
func ReadLists[K, V any](ctx context.Context, sp *Savepoint, uid, name string, key state.Codec[K], value state.Codec[V]) iter.Seq2[KV[K, []V], error] {
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), ValueCodec: value.Name()}
	same := func(e Entry) (Entry, error) { return e, nil }
	return func(yield func(KV[K, []V], error) bool) {
		var now list[K, V]
		for e, err := range read(ctx, sp, want, nil, []state.Kind{state.KindList}, same) {
			if err == nil && len(e.Suffix) == 0 { // the length comes before the elements
				if now.open && !now.end(yield) {
					return
				}
				err = now.begin(key, e)
			} else if err == nil {
				err = now.add(value, e)
			}
			if err != nil {
				yield(KV[K, []V]{}, err)
				return
			}
		}
		if now.open {
			now.end(yield)
		}
	}
}

// list is a list that is being read.
type list[K, V any] struct {
	open bool
	key  []byte
	n    uint64
	kv   KV[K, []V]
}

func (l *list[K, V]) begin(key state.Codec[K], e Entry) (err error) {
	n, used := binary.Uvarint(e.Value)
	if used != len(e.Value) || used == 0 {
		return e.fail(fmt.Errorf("the length of a list is %x, want a uvarint", e.Value))
	}
	*l = list[K, V]{open: true, key: e.Key, n: n}
	l.kv.Key, err = key.Decode(e.Key)
	return e.fail(err)
}

func (l *list[K, V]) add(value state.Codec[V], e Entry) error {
	if !l.open || !bytes.Equal(l.key, e.Key) || len(e.Suffix) != 8 || binary.BigEndian.Uint64(e.Suffix) != uint64(len(l.kv.Value)) {
		return e.fail(fmt.Errorf("element %x of a list is not where it belongs", e.Suffix))
	}
	v, err := value.Decode(e.Value)
	l.kv.Value = append(l.kv.Value, v)
	return e.fail(err)
}

func (l *list[K, V]) end(yield func(KV[K, []V], error) bool) bool {
	if l.n != uint64(len(l.kv.Value)) {
		yield(KV[K, []V]{}, fmt.Errorf("key %q: the list has %d elements, but says that it has %d", l.key, len(l.kv.Value), l.n))
		return false
	}
	return yield(l.kv, nil)
}

// read decodes the entries of one state, after a look at whether it is what the caller thinks.
func read[R any](ctx context.Context, sp *Savepoint, want state.Descriptor, key []byte, kinds []state.Kind, decode func(e Entry) (R, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		if err := sp.check(want, kinds); err != nil {
			yield(none, err)
			return
		}
		for e, err := range sp.Entries(ctx, Filter{UID: want.UID, Name: want.Name, Key: key}) {
			if err != nil {
				yield(none, err)
				return
			}
			r, err := decode(e)
			if err != nil {
				yield(none, e.fail(err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// check says how a state differs from what a reader expects.
func (sp *Savepoint) check(want state.Descriptor, kinds []state.Kind) error {
	d, err := sp.State(want.UID, want.Name)
	if err != nil {
		return err
	}
	kind := false
	for _, k := range kinds {
		kind = kind || d.Kind == k
	}
	mismatch := func(what, is, asked string) error {
		return fmt.Errorf("state %q of operator %q in %s: %s is %q, but it is read as %q", d.Name, d.UID, sp.url, what, is, asked)
	}
	switch {
	case !kind:
		return mismatch("kind", string(d.Kind), string(kinds[0]))
	case d.KeyCodec != want.KeyCodec && d.KeyCodec != "" && want.KeyCodec != "":
		return mismatch("key codec", d.KeyCodec, want.KeyCodec)
	case d.MapKeyCodec != want.MapKeyCodec:
		return mismatch("map key codec", d.MapKeyCodec, want.MapKeyCodec)
	case d.ValueCodec != want.ValueCodec:
		return mismatch("value codec", d.ValueCodec, want.ValueCodec)
	}
	return nil
}

// fail says which entry an error is about.
func (e *Entry) fail(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state %q of operator %q, key %q: %w", e.State.Name, e.State.UID, e.Key, err)
}

// SplitTimer takes the suffix of a timer's entry apart.
func SplitTimer(suffix []byte) (d state.Domain, at int64, namespace []byte, err error) {
	if len(suffix) < 9 || suffix[0] > byte(state.EventTime) {
		return 0, 0, nil, fmt.Errorf("suffix %x is no timer's: want a domain and a time", suffix)
	}
	return state.Domain(suffix[0]), int64(binary.BigEndian.Uint64(suffix[1:]) ^ 1<<63), suffix[9:], nil
}

// AppendTimer appends the suffix of a timer's entry.
func AppendTimer(dst []byte, d state.Domain, at int64, namespace []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, byte(d)), uint64(at)^1<<63)
	return append(dst, namespace...)
}
