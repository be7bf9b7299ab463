package runtime

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weirstream/weir/state"
)

// statesNow are the states that the job has, by uid and name.
type statesNow map[[2]string]state.Descriptor

func (in *Instance) statesNow() (statesNow, error) {
	reg, err := state.NewRegistry(nil)
	if err == nil {
		err = in.registerStates(reg)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	now := statesNow{}
	for _, d := range reg.Descriptors() {
		now[[2]string{d.UID, d.Name}] = d
	}
	return now, nil
}

// find is the job's state with the uid and name of a recorded one. A state can lose its time to live at any time, and the stamps of its values stay.
func (now statesNow) find(recorded state.Descriptor) (state.Descriptor, bool) {
	if d, ok := now[[2]string{recorded.UID, recorded.Name}]; ok {
		return d, true
	}
	for _, d := range now {
		if recorded.IsStampsOf(d) {
			return recorded, true
		}
	}
	return state.Descriptor{}, false
}

// checkKept looks at the states of the job's own checkpoint. That they can be read, the registry has seen to. A state that no operator has is kept, since the operator may come
// back. But it may also have been given another uid and begun anew, which nobody would see.
func (in *Instance) checkKept(recorded []state.Descriptor) error {
	now, err := in.statesNow()
	if err != nil {
		return err
	}
	var errs []error
	var orphans []string
	for _, d := range recorded {
		if d.Retired {
			continue
		}
		next, ok := now.find(d)
		if !ok {
			orphans = append(orphans, label(d))
			continue
		}
		errs = append(errs, in.checkConverted(d))
		in.warnOfDoubts(d, next)
	}
	if what := strings.Join(orphans, ", "); what != "" && in.tellOnce(what) {
		in.log.Warn("the checkpoint has state that no operator of the job has. It is kept, and nobody reads it: if an operator or a state has another name now, it has begun without it. "+
			"Give it its uid or name back", "states", what)
	}
	return errors.Join(errs...)
}

// checkConverted refuses values that wait for a migration: only a start from a savepoint converts.
func (in *Instance) checkConverted(recorded state.Descriptor) error {
	for i := range in.o.Plan.Migrations {
		m := &in.o.Plan.Migrations[i]
		if !m.For(recorded) {
			continue
		}
		if applies, err := m.Applies(recorded); err == nil && applies {
			return fmt.Errorf("state %s is still as it was before its stream.Migrate (%s), which converts at a start from a savepoint only: take a savepoint of the job, and start from it with a new WEIR_JOB_ID",
				label(recorded), form(recorded))
		}
	}
	return nil
}

// warnOfDoubts tells what of a schema that has changed may be no mere addition.
func (in *Instance) warnOfDoubts(recorded, next state.Descriptor) {
	c := recorded.Compare(next)
	if what := strings.Join(c.Doubts, "; "); what != "" && in.tellOnce(label(recorded)+what) {
		in.log.Warn("the schema of a state has changed so that values may be misread; stream.Migrate converts them at a start from a savepoint",
			"state", label(recorded), "changes", what, "recorded", recorded.Schema, "now", next.Schema)
	}
}

// tellOnce says whether this is to be told: every shard, and every look, finds the same.
func (in *Instance) tellOnce(what string) bool {
	_, told := in.told.LoadOrStore(what, true)
	return !told
}

// label is a state as logs and errors call it.
func label(d state.Descriptor) string {
	return fmt.Sprintf("%q of operator %q (%s)", d.Name, d.UID, d.Kind)
}
