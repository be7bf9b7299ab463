package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/weirstream/weir/checkpoint"
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
func (in *Instance) inheritStates(h snapshot.Header, allowDropped bool) (*inherited, error) {
	reg, err := state.NewRegistry(nil)
	if err == nil {
		err = in.registerStates(reg)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	now := map[[2]string]state.Descriptor{}
	for _, d := range reg.Descriptors() {
		now[[2]string{d.UID, d.Name}] = d
		// A state can lose its time to live at any time: stamps are no state that the job must have.
		stamps := [2]string{d.UID, state.StampName(d.Name)}
		if _, some := now[stamps]; !some {
			now[stamps] = state.Descriptor{}
		}
	}
	all := &inherited{rules: map[uint16]*rule{}}
	var errs []error
	var dropped []string
	for _, d := range h.States {
		r := &rule{of: d, copies: -1}
		all.rules[d.ID] = r
		next, ok := now[[2]string{d.UID, d.Name}]
		switch {
		case d.Retired:
			r.drop = true
			continue
		case !ok:
			r.drop = true
			dropped = append(dropped, fmt.Sprintf("%q of operator %q (%s)", d.Name, d.UID, d.Kind))
			continue
		case next.UID == "":
			next = d
		}
		if err := r.fit(next, in.o.Plan.Migrations); err != nil {
			errs = append(errs, err)
		}
		next.ID = d.ID
		all.states = append(all.states, next)
	}
	if len(dropped) > 0 && !allowDropped {
		errs = append(errs, fmt.Errorf("no operator of the job has state %s: give the operator its uid and the state its name back, or let it go with WEIR_ALLOW_DROPPED_STATE=true (--allow-dropped-state)",
			strings.Join(dropped, ", ")))
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
	for i := range migrations {
		m := &migrations[i]
		if !m.For(r.of, next) {
			continue
		}
		before := r.of
		if before.ValueCodec = next.ValueCodec; single(before.Kind) && single(next.Kind) {
			before.Kind = next.Kind
		}
		if what, _, _ := before.Differs(next); what == "" {
			r.convert = m.Convert
			return nil
		}
	}
	if what, _, _ := r.of.Differs(next); what != "" {
		return fmt.Errorf("the %s of state %q of operator %q is another one: the savepoint has %s, the job has %s. Go back to what it was, convert the values with stream.Migrate (keys and kinds of other forms can't be), or give the state another name and let this one go with WEIR_ALLOW_DROPPED_STATE=true",
			what, next.Name, next.UID, form(r.of), form(next))
	}
	return nil
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
func (i *inherited) take(next checkpoint.Next) checkpoint.Next {
	return func() (state.Entry, bool, error) {
		for {
			e, ok, err := next()
			if err != nil || !ok {
				return e, false, err
			}
			r, err := i.ruleOf(e.Key)
			if err != nil {
				return e, false, err
			}
			if r.drop {
				continue
			}
			if r.convert != nil {
				if e.Value, err = r.converted(e); err != nil {
					return e, false, err
				}
			}
			return e, true, nil
		}
	}
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
