package operators

import "github.com/weirstream/weir/state"

// aligned is tumbling and sliding windows.
type aligned[K, T, A, R any] struct {
	windows[K, T, A, R]
	panes *state.Map[Window, A]
}

// AlignedWindows aggregates in windows of one size that begin at multiples of Slide.
func AlignedWindows[K, T, A, R any](t *Task, uid string, w Windows[K, T, A, R], panes *state.Map[Window, A], next Push[Pane[K, R]]) Push[T] {
	o := &aligned[K, T, A, R]{windows: newWindows(t, uid, w, next), panes: panes}
	o.alarm.fire = o.fire
	return o.push
}

func (o *aligned[K, T, A, R]) push(v T) error {
	ts, late := o.time(), true
	stamp := o.t.ts
	for start := ts - floorMod(ts-o.Offset, o.Slide); start > ts-o.Size; start -= o.Slide {
		w := Window{start, start + o.Size}
		if o.over(w) {
			continue
		}
		late = false
		if err := o.add(w, v); err != nil {
			return err
		}
	}
	o.t.ts = stamp
	if late {
		return o.tooLate(v)
	}
	return nil
}

func (o *aligned[K, T, A, R]) add(w Window, v T) error {
	o.t.op = o.op
	acc, ok, err := o.panes.Get(w)
	if err != nil {
		return o.fail(err)
	}
	if ok {
		acc = o.Add(acc, v)
	} else {
		acc, err = o.First(v), o.arm(w)
	}
	if err == nil {
		err = o.panes.Put(w, acc)
	}
	if err == nil {
		err = o.hasten(w, w.append(o.ns[:0]))
	}
	if err != nil {
		return o.fail(err)
	}
	if o.closed(w) {
		return o.emit(w, acc)
	}
	return nil
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
		return o.emit(w, acc)
	}
	return nil
}
