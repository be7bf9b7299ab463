package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// inherited are the states that a job takes over, and what becomes of their entries.
type inherited struct {
	states []state.Descriptor // with the ids of the savepoint
	rules  map[uint16]*rule   // by those ids
}

// rule is what becomes of the entries of one state.
type rule struct {
	of      state.Descriptor
	drop    bool
	convert func(value []byte) ([]byte, error) // nil: they stay
	copies  int                                // of a broadcast state: the key group whose copy is taken; -1: none has come yet
}

// inheritStates compares the states of a savepoint with those of the job. Its error names all that don't fit.
func (in *Instance) inheritStates(h snapshot.Header, from RestoreFrom) (*inherited, error) {
	now, err := in.statesNow()
	if err != nil {
		return nil, err
	}
	all := &inherited{rules: map[uint16]*rule{}}
	var errs []error
	var dropped, refused []string
	for _, d := range h.States {
		r := &rule{of: d, copies: -1}
		all.rules[d.ID] = r
		if d.Retired {
			r.drop = true
			continue
		}
		next, ok := now.find(d)
		if !ok {
			if r.drop = true; from.drops(d.UID, d.Name) {
				dropped = append(dropped, label(d))
			} else {
				refused = append(refused, label(d))
			}
			continue
		}
		if err := r.fit(next, in.o.Plan.Migrations); err != nil {
			errs = append(errs, err)
		}
		if r.convert != nil {
			d.Schema = "" // nothing is left of it
		} else {
			in.warnOfDoubts(d, next)
		}
		all.states = append(all.states, d.Becomes(next))
	}
	if len(refused) > 0 {
		errs = append(errs, fmt.Errorf("no operator of the job has state %s: give the operator its uid and the state its name back, or let it go with WEIR_ALLOW_DROPPED_STATE=<uid>/<name> (--allow-dropped-state; true lets all go)",
			strings.Join(refused, ", ")))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrState, errors.Join(errs...))
	}
	for _, label := range dropped {
		in.log.Warn("a state of the savepoint is dropped, as WEIR_ALLOW_DROPPED_STATE says", "state", label)
	}
	return all, nil
}

// fit finds out how the entries become those of the job's state.
func (r *rule) fit(next state.Descriptor, migrations []stream.Migration) error {
	var unsure error
	settled := false // some migration knows the values for those that it makes
	for i := range migrations {
		m := &migrations[i]
		if !m.For(r.of) || m.To != next.ValueCodec {
			continue
		}
		switch applies, err := m.Applies(r.of); {
		case err != nil:
			unsure = err
			continue
		case !applies:
			settled = true
			continue
		}
		before := r.of
		before.Schema = ""
		if before.ValueCodec = next.ValueCodec; single(before.Kind) && single(next.Kind) {
			before.Kind = next.Kind
		}
		if what, _, _ := before.Differs(next); what == "" {
			r.convert = m.Convert
			return nil
		}
	}
	if what, _, _ := r.of.Differs(next); what != "" {
		return errors.Join(fmt.Errorf("the %s of state %q of operator %q is another one: the savepoint has %s, the job has %s. Go back to what it was, convert the values with stream.Migrate (keys and kinds of other forms can't be), or give the state another name and let this one go with WEIR_ALLOW_DROPPED_STATE=%s/%s",
			what, next.Name, next.UID, form(r.of), form(next), next.UID, next.Name), unsure)
	}
	if settled {
		return nil
	}
	return unsure
}

// single says whether a state of this kind is one value for a key.
func single(k state.Kind) bool {
	return k == state.KindValue || k == state.KindReducing || k == state.KindAggregating
}

// form is a state as people see it in errors.
func form(d state.Descriptor) string {
	s := fmt.Sprintf("kind %s, value codec %s", d.Kind, d.ValueCodec)
	if d.KeyCodec != "" {
		s += ", key codec " + d.KeyCodec
	}
	if d.MapKeyCodec != "" {
		s += ", map key codec " + d.MapKeyCodec
	}
	if d.Schema != "" {
		s += fmt.Sprintf(" (schema %s)", d.Schema)
	}
	return s
}

// take passes on the entries that the job takes over, with their values as it reads them. Their order stays.
func (i *inherited) take(next state.Blocks) state.Blocks {
	return func() ([]state.Entry, error) {
		for {
			block, err := next()
			if err != nil || len(block) == 0 {
				return nil, err
			}
			if block, err = i.taken(block); err != nil || len(block) > 0 {
				return block, err
			}
		}
	}
}

// taken is what of a block the job takes over, in its place.
func (i *inherited) taken(block []state.Entry) ([]state.Entry, error) {
	kept := block[:0]
	for _, e := range block {
		r, err := i.ruleOf(e.Key)
		if err != nil {
			return nil, err
		}
		if r.drop {
			continue
		}
		if r.convert != nil {
			if e.Value, err = r.converted(e); err != nil {
				return nil, err
			}
		}
		kept = append(kept, e)
	}
	return kept, nil
}

func (i *inherited) ruleOf(key []byte) (*rule, error) {
	if len(key) < 4 {
		return nil, fmt.Errorf("%w: entry with key %x: it is too short", ErrState, key)
	}
	r := i.rules[binary.BigEndian.Uint16(key[2:])]
	if r == nil {
		return nil, fmt.Errorf("%w: entry with key %x: it is of no state that is recorded", ErrState, key)
	}
	return r, nil
}

// converted is the value as the job has it. The number of elements of a list is none of its values.
func (r *rule) converted(e state.Entry) (value []byte, err error) {
	_, _, key, suffix, err := state.SplitKey(e.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if r.of.Kind == state.KindList && len(suffix) == 0 {
		return e.Value, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = operators.Recovered(p)
		}
		if err != nil {
			err = fmt.Errorf("%w: Migrate of state %q of operator %q: key %.64q: %w", ErrState, r.of.Name, r.of.UID, key, err)
		}
	}()
	return r.convert(e.Value)
}
