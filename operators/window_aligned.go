package operators

import "github.com/weirstream/weir/state"

// aligned is tumbling and sliding windows.
type aligned[K, T, A, R any] struct {
	windows[K, T, A, R]
	panes  *state.Map[Window, A]
	filled []filled[A] // by the record at work, and not kept yet
}

// AlignedWindows aggregates in windows of one size that begin at multiples of Slide.
func AlignedWindows[K, T, A, R any](t *Task, uid string, w Windows[K, T, A, R], panes *state.Map[Window, A], next Push[Pane[K, R]]) Push[T] {
	o := &aligned[K, T, A, R]{windows: newWindows(t, uid, w, next), panes: panes}
	o.fires(o.fire)
	return o.push
}

// push adds v to its windows. With a policy the functions for all of them come before the first change.
func (o *aligned[K, T, A, R]) push(v T) error {
	ts, late := o.time(), true
	stamp := o.t.ts
	o.filled = o.filled[:0]
	for start := ts - floorMod(ts-o.Offset, o.Slide); start > ts-o.Size; start -= o.Slide {
		w := Window{start, start + o.Size}
		if o.over(w) {
			continue
		}
		late = false
		f, err := o.add(w, v)
		if err != nil {
			return err
		}
		if o.Guard != nil {
			o.filled = append(o.filled, f)
			continue
		}
		if err := o.keep(f); err != nil {
			return err
		}
	}
	o.t.ts = stamp
	if late {
		return o.tooLate(v)
	}
	return o.keepAll()
}

// add says what a window comes to with v, and emits the update of one that is closed.
func (o *aligned[K, T, A, R]) add(w Window, v T) (filled[A], error) {
	o.t.op = o.op
	acc, ok, err := o.panes.Get(w)
	if err != nil {
		return filled[A]{}, o.fail(err)
	}
	if ok {
		acc = o.Add(acc, v)
	} else {
		acc = o.First(v)
	}
	f := filled[A]{w, acc, !ok}
	if o.closed(w) {
		err = o.emit(f)
	}
	return f, err
}

func (o *aligned[K, T, A, R]) keepAll() error {
	for _, f := range o.filled {
		if err := o.keep(f); err != nil {
			return err
		}
	}
	return nil
}

// keep puts what a window has come to into the state.
func (o *aligned[K, T, A, R]) keep(f filled[A]) (err error) {
	if f.fresh {
		err = o.arm(f.w)
	}
	if err == nil {
		err = o.panes.Put(f.w, f.acc)
	}
	if err == nil {
		err = o.hasten(f.w, f.w.append(o.ns[:0]))
	}
	return o.fail(err)
}

func (o *aligned[K, T, A, R]) fire(due state.Due) error {
	w, err := readWindow(due.Namespace)
	if err != nil {
		return o.fail(err)
	}
	acc, ok, err := o.panes.Get(w)
	if err != nil || !ok {
		return o.fail(err)
	}
	emit, remove := o.occasion(due, w)
	if remove {
		if err := o.panes.Delete(w); err != nil {
			return o.fail(err)
		}
	}
	if emit {
		return o.end(filled[A]{w: w, acc: acc})
	}
	return nil
}
