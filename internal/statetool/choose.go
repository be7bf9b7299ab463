package statetool

import (
	"errors"
	"fmt"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// keyed says whether keys are chosen.
func (o *options) keyed() bool { return o.given["key"] || o.given["prefix"] }

// wants says whether the flags choose a state. A broadcast state has no keys, so who chooses keys doesn't mean it.
func (o *options) wants(d state.Descriptor) bool {
	return o.named(d) && !(o.keyed() && d.Kind == state.KindBroadcast)
}

func (o *options) named(d state.Descriptor) bool {
	return (o.uid == "" || d.UID == o.uid) && (o.name == "" || d.Name == o.name)
}

// chosen are those of the states that the flags choose. It is an error if keys are chosen of broadcast state only.
func (o *options) chosen(states []state.Descriptor) (all []state.Descriptor, err error) {
	for _, d := range states {
		if o.wants(d) {
			all = append(all, d)
		} else if o.named(d) {
			err = fmt.Errorf("--key, --prefix: state %q of operator %q is of kind broadcast, whose entries have no key of a record: leave the flag out, or, to delete one entry, give --map-key alone", d.Name, d.UID)
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	return nil, err
}

// filter chooses entries. Keys are encoded as the states have them.
func (o *options) filter(sp *savepoint.Savepoint) (f savepoint.Filter, err error) {
	f = savepoint.Filter{UID: o.uid, Name: o.name}
	states, err := o.chosen(sp.Header().States)
	if err == nil && len(states) == 0 && (o.uid != "" || o.name != "") {
		_, err = sp.State(o.uid, o.name)
	}
	if err != nil || !o.keyed() {
		return f, err
	}
	for _, d := range states {
		if err := o.encodeKey(d, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (o *options) encodeKey(d state.Descriptor, f *savepoint.Filter) error {
	if o.given["prefix"] {
		if d.KeyCodec != "string" && d.KeyCodec != "bytes" {
			return fmt.Errorf("--prefix: keys of state %q of operator %q are written by codec %q, and are no text; choose others by --uid and --name", d.Name, d.UID, d.KeyCodec)
		}
		f.Prefix = []byte(o.prefix)
		return nil
	}
	key, err := rows.EncodeKey(d, textCell(o.key))
	if err == nil && f.Key != nil && string(f.Key) != string(key) {
		err = errors.New("--key: states have keys of several codecs; choose one by --uid and --name")
	}
	f.Key = key
	return err
}
