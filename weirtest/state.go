package weirtest

import (
	"fmt"

	"github.com/weirstream/weir/state"
)

// State is the committed content of a Value, Reducing or Aggregating state (its accumulators), by key: of the operator with this uid, under this name. It
// is read from the checkpoint store, so that it is also what a restart on another machine finds. Reduce, Sum and Count keep
// theirs under the names "reduce", "sum" and "count". The codecs must be the job's.
func State[K comparable, V any](h *Harness, uid, name string, key state.Codec[K], value state.Codec[V]) map[K]V {
	h.t.Helper()
	out := map[K]V{}
	h.must(func() error {
		c, err := h.world.committedState()
		if err != nil {
			return err
		}
		d, err := c.find(uid, name)
		if err != nil {
			return err
		}
		if err := fits(d, key.Name(), value.Name()); err != nil {
			return err
		}
		return c.each(func(of state.Descriptor, k, _, v []byte) error {
			if of.UID != d.UID || of.Name != d.Name {
				return nil
			}
			return put(out, key, value, k, v)
		})
	})
	return out
}

func put[K comparable, V any](out map[K]V, key state.Codec[K], value state.Codec[V], k, v []byte) error {
	decodedKey, err := key.Decode(k)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	out[decodedKey], err = value.Decode(v)
	return err
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

func fits(d state.Descriptor, key, value string) error {
	switch {
	case d.Kind != state.KindValue && d.Kind != state.KindReducing && d.Kind != state.KindAggregating:
		return fmt.Errorf("state %q of operator %q is a %s: State reads values only", d.Name, d.UID, d.Kind)
	case d.KeyCodec != key && d.KeyCodec != "", d.ValueCodec != value:
		return fmt.Errorf("state %q of operator %q has codecs %q and %q, not %q and %q", d.Name, d.UID, d.KeyCodec, d.ValueCodec, key, value)
	}
	return nil
}
