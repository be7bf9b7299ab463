package operators

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/state"
)

// Session is an open session of a key. Those of a key are kept together: there are few, and a record has to look at all of them.
type Session[A any] struct {
	Window Window
	Acc    A
}

type sessions[K, T, A, R any] struct {
	windows[K, T, A, R]
	open *state.Value[[]Session[A]]
}

// SessionWindows aggregates in windows that go from a first record to Gap after the last one. Sessions that a record brings
// together, or lets touch, become one.
func SessionWindows[K, T, A, R any](t *Task, uid string, w Windows[K, T, A, R], open *state.Value[[]Session[A]], next Push[Pane[K, R]]) Push[T] {
	o := &sessions[K, T, A, R]{windows: newWindows(t, uid, w, next), open: open}
	o.alarm.fire = o.fire
	return o.push
}

func (o *sessions[K, T, A, R]) push(v T) error {
	o.t.op = o.op
	stamp := o.t.ts
	s, late, err := o.admit(o.time(), v)
	switch {
	case err != nil:
		return o.fail(err)
	case late:
		return o.tooLate(v)
	case o.closed(s.Window):
		err = o.emit(s.Window, s.Acc)
		o.t.ts = stamp
	}
	return err
}

// admit puts v into its session, unless it comes too late.
func (o *sessions[K, T, A, R]) admit(ts int64, v T) (s Session[A], late bool, err error) {
	all, _, err := o.open.Get()
	if err != nil {
		return s, false, err
	}
	from, to, w := o.reach(all, Window{ts, ts + o.Gap})
	if o.over(w) {
		return s, true, nil
	}
	s, known, err := o.merge(all[from:to], w, v)
	if err == nil && !known {
		err = o.arm(w)
	}
	if err == nil {
		err = o.open.Set(slices.Replace(all, from, to, s))
	}
	if err == nil {
		err = o.hasten(w, w.append(o.ns[:0]))
	}
	return s, false, err
}

// reach finds the sessions, which are in order, that the new window w touches, and what they become together.
func (o *sessions[K, T, A, R]) reach(all []Session[A], w Window) (from, to int, sum Window) {
	for from < len(all) && all[from].Window.End < w.Start {
		from++
	}
	for to = from; to < len(all) && all[to].Window.Start <= w.End; to++ {
		w.Start, w.End = min(w.Start, all[to].Window.Start), max(w.End, all[to].Window.End)
	}
	return from, to, w
}

// merge makes one session of these and v. It is known, and has its timers, if it is as long as one of them was.
func (o *sessions[K, T, A, R]) merge(parts []Session[A], w Window, v T) (s Session[A], known bool, err error) {
	s.Window = w
	for i, p := range parts {
		if i == 0 {
			s.Acc = p.Acc
		} else {
			s.Acc = o.Merge(s.Acc, p.Acc)
		}
		if p.Window == w {
			known = true
		} else if err := o.disarm(p.Window); err != nil {
			return s, false, err
		}
	}
	if len(parts) == 0 {
		s.Acc = o.First(v)
	} else {
		s.Acc = o.Add(s.Acc, v)
	}
	return s, known, nil
}

func (o *sessions[K, T, A, R]) fire(due state.Due) error {
	all, _, err := o.open.Get()
	if err != nil {
		return o.fail(err)
	}
	w, err := readWindow(due.Namespace)
	if err != nil {
		return o.fail(err)
	}
	i := slices.IndexFunc(all, func(s Session[A]) bool { return s.Window == w })
	if i < 0 {
		return nil // an early result of a session that has grown since, and has another timer
	}
	acc := all[i].Acc
	emit, remove := o.occasion(due, w)
	if remove {
		if err := o.remove(all, i); err != nil {
			return o.fail(err)
		}
	}
	if emit {
		return o.emit(w, acc)
	}
	return nil
}

func (o *sessions[K, T, A, R]) remove(all []Session[A], i int) error {
	if len(all) == 1 {
		return o.open.Clear()
	}
	return o.open.Set(slices.Delete(all, i, i+1))
}

// SessionsCodec keeps the sessions of a key: for each one its window, the length of the accumulator (uvarint) and the accumulator.
type SessionsCodec[A any] struct{ Acc state.Codec[A] }

// Name tells what accumulators are kept as.
func (c SessionsCodec[A]) Name() string { return "sessions:" + c.Acc.Name() }

// Append appends all sessions.
func (c SessionsCodec[A]) Append(dst []byte, all []Session[A]) ([]byte, error) {
	for _, s := range all {
		dst = s.Window.append(dst)
		b, err := c.Acc.Append(nil, s.Acc)
		if err != nil {
			return dst, err
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(b))), b...)
	}
	return dst, nil
}

// Decode reads them.
func (c SessionsCodec[A]) Decode(b []byte) (all []Session[A], err error) {
	for len(b) > 0 {
		var s Session[A]
		if s.Window, err = readWindow(b[:min(len(b), windowBytes)]); err != nil {
			return nil, err
		}
		n, used := binary.Uvarint(b[windowBytes:])
		b = b[windowBytes+max(used, 0):]
		if used <= 0 || n > uint64(len(b)) {
			return nil, errors.New("a session is cut short")
		}
		if s.Acc, err = c.Acc.Decode(b[:n]); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
		all, b = append(all, s), b[n:]
	}
	return all, nil
}
