package savepoint

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// Edit is a savepoint to be: an old one, or none, and what is to differ. Nothing happens before Write. What is removed or renamed is so
// in the old savepoint; what is added is laid over what is left of it, whatever the order of the calls. An Edit belongs to one goroutine.
type Edit struct {
	base    *Savepoint // nil: from nothing
	header  Header
	errs    []error
	removed map[uint16]bool // state ids
	deletes []deletion
	boots   []Bootstrap
	graphs  []graph
	opts    Options
}

// Bootstrap writes state.
type Bootstrap func(ctx context.Context, w *Writer) error

// deletion removes entries of some states from the old savepoint.
type deletion struct {
	ids    map[uint16]bool
	filter Filter
}

// New begins with nothing. maxParallelism must be that of the job (WEIR_MAX_PARALLELISM, state.DefaultMaxParallelism by default).
func New(maxParallelism int) *Edit {
	e := &Edit{header: Header{MaxParallelism: maxParallelism}, removed: map[uint16]bool{}}
	if maxParallelism < 1 || maxParallelism > state.MaxParallelismLimit {
		e.fail(fmt.Errorf("max parallelism is %d, expected 1 to %d", maxParallelism, state.MaxParallelismLimit))
	}
	return e
}

// Edit begins with everything that the savepoint has. It stays as it is, and open for as long as the Edit is used.
func (sp *Savepoint) Edit() *Edit {
	e := &Edit{base: sp, header: sp.header, removed: map[uint16]bool{}}
	e.header.Name, e.header.Files = "", nil
	e.header.States = slices.Clone(sp.header.States)
	e.header.Sources = slices.Clone(sp.header.Sources)
	e.header.Watermarks = slices.Clone(sp.header.Watermarks)
	e.drop(func(d state.Descriptor) bool { return d.Retired })
	if sp.base == nil {
		e.fail(fmt.Errorf("%s is a checkpoint, which can be read only: take a savepoint, and change that", sp.url))
	}
	return e
}

func (e *Edit) fail(err error) { e.errs = append(e.errs, err) }

// With lays what boot writes over the rest.
func (e *Edit) With(boot Bootstrap) *Edit {
	e.boots = append(e.boots, boot)
	return e
}

// WithoutOperator drops all state of an operator; of a source, its positions too.
func (e *Edit) WithoutOperator(uid string) *Edit {
	if !e.has(uid) {
		return e
	}
	e.drop(func(d state.Descriptor) bool { return d.UID == uid })
	e.header.Sources = slices.DeleteFunc(e.header.Sources, func(s checkpoint.SourcePosition) bool { return s.Operator == uid })
	e.header.Watermarks = slices.DeleteFunc(e.header.Watermarks, func(w checkpoint.StageWatermark) bool { return w.Operator == uid })
	return e
}

// WithoutState drops one state of an operator, and the times that go with its TTL.
func (e *Edit) WithoutState(uid, name string) *Edit {
	stamps := state.StampName(name)
	if !e.drop(func(d state.Descriptor) bool { return d.UID == uid && (d.Name == name || d.Name == stamps) }) {
		e.fail(fmt.Errorf("there is no state %q of operator %q; %s", name, uid, listed(e.header.States)))
	}
	return e
}

func (e *Edit) drop(gone func(d state.Descriptor) bool) (any bool) {
	e.header.States = slices.DeleteFunc(e.header.States, func(d state.Descriptor) bool {
		if !gone(d) {
			return false
		}
		any, e.removed[d.ID] = true, true
		return true
	})
	return any
}

// RenameUID gives an operator's state, and a source's positions, to the operator uid to.
func (e *Edit) RenameUID(from, to string) *Edit {
	if !e.has(from) {
		return e
	}
	if to == "" || slices.Contains(e.uids(), to) {
		e.fail(fmt.Errorf("operator %q can't be renamed to %q: that is empty or another operator's uid; drop that one first", from, to))
		return e
	}
	for i := range e.header.States {
		rename(&e.header.States[i].UID, from, to)
	}
	for i := range e.header.Sources {
		rename(&e.header.Sources[i].Operator, from, to)
	}
	for i := range e.header.Watermarks {
		rename(&e.header.Watermarks[i].Operator, from, to)
	}
	return e
}

func rename(uid *string, from, to string) {
	if *uid == from {
		*uid = to
	}
}

// Delete drops what the filter chooses. At least a uid is expected. Entries of broadcast state have no key of a record: without Key and Prefix all of it goes, with them
// none; StateWriter.Delete removes one.
func (e *Edit) Delete(f Filter) *Edit {
	d := deletion{ids: map[uint16]bool{}, filter: f}
	for i := range e.header.States {
		s := e.header.States[i]
		of := s
		if s.Kind == state.KindValue || s.Kind == state.KindMap || s.Kind == state.KindList {
			of = e.stamped(s)
		}
		if f.state(&of) {
			d.ids[s.ID] = true
		}
	}
	if f.UID == "" || len(d.ids) == 0 {
		kind := "state"
		if f.keyed() {
			kind = "state with keys of records"
		}
		e.fail(fmt.Errorf("delete from operator %q, state %q: there is no such %s; %s", f.UID, f.Name, kind, listed(e.header.States)))
	}
	e.deletes = append(e.deletes, d)
	return e
}

// stamped is the state that s holds the times of; s itself if it is a state of its own.
func (e *Edit) stamped(s state.Descriptor) state.Descriptor {
	for _, d := range e.header.States {
		if s.IsStampsOf(d) {
			return d
		}
	}
	return s
}

// has says whether an operator is known, and notes the error if not.
func (e *Edit) has(uid string) bool {
	uids := e.uids()
	if slices.Contains(uids, uid) {
		return true
	}
	e.fail(fmt.Errorf("there is no operator with uid %q; there are %q", uid, uids))
	return false
}

// uids are all operators that have state or positions, sorted.
func (e *Edit) uids() (all []string) {
	for _, d := range e.header.States {
		all = append(all, d.UID)
	}
	for _, s := range e.header.Sources {
		all = append(all, s.Operator)
	}
	for _, w := range e.header.Watermarks {
		all = append(all, w.Operator)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// err is what was wrong with the calls so far.
func (e *Edit) err() error { return errors.Join(e.errs...) }
