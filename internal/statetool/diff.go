package statetool

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// diff shows what only the first has as {"diff":"-",…}, what only the second has as {"diff":"+",…}, and what has changed as both.
func (t *Tool) diff(ctx context.Context, o *options) (err error) {
	if err := o.formats("json"); err != nil {
		return err
	}
	a, err := o.open(ctx, o.args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	b, err := o.open(ctx, o.args[1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	states, err := o.chosen(statesOf(a, b))
	if err == nil && len(states) == 0 && !sourced(o.uid, a, b) && (o.uid != "" || o.name != "") {
		_, inA := a.State(o.uid, o.name)
		_, inB := b.State(o.uid, o.name)
		err = errors.Join(inA, inB)
	}
	if err != nil {
		return err
	}
	w := &differ{t: t.besides(t.Out), out: bufio.NewWriterSize(t.Out, 1<<18), limit: o.limit}
	if err := w.headers(o, a.Header(), b.Header()); err != nil {
		return err
	}
	for _, s := range states {
		if err := w.state(ctx, o, a, b, s); err != nil {
			return err
		}
	}
	return w.out.Flush()
}

// statesOf are the states of both, by uid and name.
func statesOf(a, b *savepoint.Savepoint) []state.Descriptor {
	all := slices.Concat(a.Header().States, b.Header().States)
	slices.SortStableFunc(all, byName)
	return slices.CompactFunc(all, func(x, y state.Descriptor) bool { return byName(x, y) == 0 })
}

func byName(x, y state.Descriptor) int {
	return cmp.Or(cmp.Compare(x.UID, y.UID), cmp.Compare(x.Name, y.Name))
}

// sourced says whether an operator without state has positions or watermarks.
func sourced(uid string, all ...*savepoint.Savepoint) bool {
	for _, sp := range all {
		h := sp.Header()
		if slices.ContainsFunc(h.Sources, func(s checkpoint.SourcePosition) bool { return s.Operator == uid }) ||
			slices.ContainsFunc(h.Watermarks, func(w checkpoint.StageWatermark) bool { return w.Operator == uid }) {
			return true
		}
	}
	return false
}

type differ struct {
	t     *Tool
	out   *bufio.Writer
	n     int64
	limit int64
	line  []byte
}

// headers compares what the flags choose of the headers: descriptors without their ids, and, unless states or keys are chosen, positions, watermarks, whether all
// timers have fired (drained), and how many key groups there are.
func (w *differ) headers(o *options, a, b savepoint.Header) error {
	if o.name == "" && !o.keyed() {
		if o.uid == "" && a.Drained != b.Drained {
			if err := only(w, "drained", []bool{a.Drained}, []bool{b.Drained}); err != nil {
				return err
			}
		}
		if o.uid == "" {
			if err := only(w, "maxParallelism", []int{a.MaxParallelism}, []int{b.MaxParallelism}); err != nil {
				return err
			}
		}
		source := func(s checkpoint.SourcePosition) bool { return o.uid == "" || s.Operator == o.uid }
		if err := only(w, "source", filtered(a.Sources, source), filtered(b.Sources, source)); err != nil {
			return err
		}
		watermark := func(s checkpoint.StageWatermark) bool { return o.uid == "" || s.Operator == o.uid }
		if err := only(w, "watermark", filtered(a.Watermarks, watermark), filtered(b.Watermarks, watermark)); err != nil {
			return err
		}
	}
	return only(w, "state", unnumbered(filtered(a.States, o.wants)), unnumbered(filtered(b.States, o.wants)))
}

// filtered are those that are wanted, in a slice of their own.
func filtered[T any](all []T, wanted func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(v T) bool { return !wanted(v) })
}

func unnumbered(states []state.Descriptor) []state.Descriptor {
	for i := range states {
		states[i].ID = 0
	}
	return states
}

// only shows what is in one list and not in the other.
func only[T any](w *differ, what string, a, b []T) error {
	show := func(sign string, these, others []T) error {
		for _, v := range these {
			if slices.ContainsFunc(others, func(o T) bool { return reflect.DeepEqual(o, v) }) {
				continue
			}
			line, err := json.Marshal(map[string]any{"diff": sign, what: v})
			if err != nil {
				return err
			}
			if _, err := w.out.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.Join(show("-", a, b), show("+", b, a))
}

// state compares the entries of one state. Those of b are brought into the key groups of a, if these are others.
func (w *differ) state(ctx context.Context, o *options, a, b *savepoint.Savepoint, s state.Descriptor) (err error) {
	one := *o
	one.uid, one.name = s.UID, s.Name
	quiet := &Tool{} // one bar is enough
	left, stopLeft, err := w.t.pull(ctx, &one, a)
	if err != nil {
		return err
	}
	defer stopLeft()
	right, stopRight, err := quiet.pull(ctx, &one, b)
	if err != nil {
		return err
	}
	defer stopRight()
	if groups := a.Header().MaxParallelism; groups != b.Header().MaxParallelism {
		sorted, failed := regroup(ctx, right, groups)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, sorted.close()) }()
		right = sorted.next
	}
	layouts := rows.Layouts{}
	x, xErr, more := left()
	y, yErr, more2 := right()
	for (more || more2) && (w.limit == 0 || w.n < w.limit) {
		if err := errors.Join(xErr, yErr); err != nil {
			return err
		}
		order := compare(&x, &y)
		if !more2 {
			order = -1
		} else if !more {
			order = 1
		}
		if order < 0 || order == 0 && !bytes.Equal(x.Value, y.Value) {
			err = w.show("-", layouts, &x)
		}
		if err == nil && (order > 0 || order == 0 && !bytes.Equal(x.Value, y.Value)) {
			err = w.show("+", layouts, &y)
		}
		if err != nil {
			return err
		}
		if order <= 0 {
			x, xErr, more = left()
		}
		if order >= 0 {
			y, yErr, more2 = right()
		}
	}
	return errors.Join(xErr, yErr)
}

type pull = func() (savepoint.Entry, error, bool)

// pull reads a state; one that is not there has no entries.
func (t *Tool) pull(ctx context.Context, o *options, sp *savepoint.Savepoint) (pull, func(), error) {
	if _, err := sp.State(o.uid, o.name); err != nil {
		return func() (e savepoint.Entry, err error, ok bool) { return e, nil, false }, func() {}, nil //nolint:nilerr // it has no such state
	}
	f, err := o.filter(sp)
	if err != nil {
		return nil, nil, err
	}
	next, stop := iter.Pull2(t.entries(ctx, sp, f))
	return next, stop, nil
}

// compare is the order of the encoded keys, in which the length of a record's key is a uvarint.
func compare(x, y *savepoint.Entry) int {
	if c := cmp.Compare(x.Group, y.Group); c != 0 {
		return c
	}
	if n, m := uint64(len(x.Key)), uint64(len(y.Key)); n != m {
		var a, b [binary.MaxVarintLen64]byte
		return bytes.Compare(binary.AppendUvarint(a[:0], n), binary.AppendUvarint(b[:0], m))
	}
	return cmp.Or(bytes.Compare(x.Key, y.Key), bytes.Compare(x.Suffix, y.Suffix))
}

func (w *differ) show(sign string, layouts rows.Layouts, e *savepoint.Entry) (err error) {
	if w.line, err = layouts.Of(e).AppendJSON(append(w.line[:0], `{"diff":"`+sign+`",`...), e); err != nil {
		return err
	}
	head := len(`{"diff":"-",`)
	if len(w.line) == head {
		return nil // the length of a list: its elements differ, too
	}
	w.line = append(append(w.line[:head], w.line[head+1:]...), '\n') // one brace too many
	w.n++
	_, err = w.out.Write(w.line)
	return err
}
