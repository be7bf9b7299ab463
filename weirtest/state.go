package weirtest

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/state"
)

// State is the committed content of a Value, Reducing or Aggregating state (its accumulators), by key: of the operator with this uid, under this name. It
// is read from the checkpoint store, so that it is also what a restart on another machine finds. Reduce, Sum and Count keep
// theirs under the names "reduce", "sum" and "count". The codecs must be the job's. With a TTL, what has expired is there until it is
// cleaned up; so it is in all kinds of states.
func State[K comparable, V any](h *Harness, uid, name string, key state.Codec[K], value state.Codec[V]) map[K]V {
	h.t.Helper()
	out := map[K]V{}
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), ValueCodec: value.Name()}
	values := []state.Kind{state.KindValue, state.KindReducing, state.KindAggregating}
	h.scan(want, values, func(k, _, v []byte) error { return put(out, key, value, k, v) })
	return out
}

// MapState is State for a Map state: a map for each key.
func MapState[K, MK comparable, V any](h *Harness, uid, name string, key state.Codec[K], mapKey state.Codec[MK], value state.Codec[V]) map[K]map[MK]V {
	h.t.Helper()
	out := map[K]map[MK]V{}
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), MapKeyCodec: mapKey.Name(), ValueCodec: value.Name()}
	h.scan(want, []state.Kind{state.KindMap}, func(k, suffix, v []byte) error {
		of, err := decodeKey(key, k)
		if err != nil {
			return err
		}
		if out[of] == nil {
			out[of] = map[MK]V{}
		}
		return put(out[of], mapKey, value, suffix, v)
	})
	return out
}

// ListState is State for a List state: a list for each key.
func ListState[K comparable, V any](h *Harness, uid, name string, key state.Codec[K], value state.Codec[V]) map[K][]V {
	h.t.Helper()
	out := map[K][]V{}
	want := state.Descriptor{UID: uid, Name: name, KeyCodec: key.Name(), ValueCodec: value.Name()}
	h.scan(want, []state.Kind{state.KindList}, func(k, suffix, v []byte) error {
		if len(suffix) == 0 {
			return nil // how many there are; they follow in their order
		}
		of, err := decodeKey(key, k)
		if err != nil {
			return err
		}
		element, err := value.Decode(v)
		out[of] = append(out[of], element)
		return err
	})
	return out
}

// scan visits the committed entries of a state, which has to be of one of these kinds and to have these codecs.
func (h *Harness) scan(want state.Descriptor, kinds []state.Kind, visit func(key, suffix, value []byte) error) {
	h.t.Helper()
	h.must(func() error {
		c, err := h.world.committedState()
		if err != nil {
			return err
		}
		d, err := c.find(want.UID, want.Name)
		if err != nil {
			return err
		}
		if err := fits(d, want, kinds); err != nil {
			return err
		}
		return c.each(func(of state.Descriptor, key, suffix, value []byte) error {
			if of.UID != d.UID || of.Name != d.Name {
				return nil
			}
			return visit(key, suffix, value)
		})
	})
}

func put[K comparable, V any](out map[K]V, key state.Codec[K], value state.Codec[V], k, v []byte) error {
	of, err := decodeKey(key, k)
	if err != nil {
		return err
	}
	out[of], err = value.Decode(v)
	return err
}

func decodeKey[K any](key state.Codec[K], k []byte) (K, error) {
	of, err := key.Decode(k)
	if err != nil {
		return of, fmt.Errorf("key: %w", err)
	}
	return of, nil
}

// find names what there is if it is not that.
func (c committed) find(uid, name string) (state.Descriptor, error) {
	var others []string
	for _, k := range c {
		for _, d := range k.states {
			if d.UID == uid && d.Name == name {
				return d, nil
			}
			others = append(others, fmt.Sprintf("%s/%s", d.UID, d.Name))
		}
	}
	return state.Descriptor{}, fmt.Errorf("no committed checkpoint has a state %q of operator %q; it has %q", name, uid, others)
}

func fits(d, want state.Descriptor, kinds []state.Kind) error {
	codecs := func(d state.Descriptor) []string {
		all := []string{d.KeyCodec, d.MapKeyCodec, d.ValueCodec}
		return slices.DeleteFunc(all, func(name string) bool { return name == "" })
	}
	if d.KeyCodec == "" {
		want.KeyCodec = "" // it is not known
	}
	switch {
	case !slices.Contains(kinds, d.Kind):
		return fmt.Errorf("state %q of operator %q is a %s, and not a %s: State reads values, MapState maps and ListState lists", d.Name, d.UID, d.Kind, kinds[0])
	case !slices.Equal(codecs(d), codecs(want)):
		return fmt.Errorf("state %q of operator %q has codecs %q, not %q", d.Name, d.UID, codecs(d), codecs(want))
	}
	return nil
}
