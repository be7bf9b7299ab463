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
	o.fires(o.fire)
	return o.push
}

func (o *sessions[K, T, A, R]) push(v T) error {
	o.t.op = o.op
	all, g, err := o.grow(o.time())
	if err != nil {
		return o.fail(err)
	}
	if o.over(g.w) {
		return o.tooLate(v)
	}
	acc := o.fold(all[g.from:g.to], v)
	if o.closed(g.w) {
		stamp := o.t.ts
		if err := o.emit(filled[A]{w: g.w, acc: acc}); err != nil {
			return err
		}
		o.t.ts = stamp
	}
	return o.fail(o.keep(all, g, acc))
}

// growth is what a record does to the sessions of its key: those between from and to become w.
type growth struct {
	from, to int
	w        Window
}

// grow finds the sessions of the key, and what a record of time ts does to them.
func (o *sessions[K, T, A, R]) grow(ts int64) (all []Session[A], g growth, err error) {
	all, _, err = o.open.Get()
	g.from, g.to, g.w = o.reach(all, Window{ts, ts + o.Gap})
	return all, g, err
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

// fold makes one accumulation of those of these sessions and v.
func (o *sessions[K, T, A, R]) fold(parts []Session[A], v T) A {
	if len(parts) == 0 {
		return o.First(v)
	}
	acc := parts[0].Acc
	for _, p := range parts[1:] {
		acc = o.Merge(acc, p.Acc)
	}
	return o.Add(acc, v)
}

// keep puts the session that others have grown to in their place. It has its timers if it is as long as one of them was.
func (o *sessions[K, T, A, R]) keep(all []Session[A], g growth, acc A) error {
	known := false
	for _, p := range all[g.from:g.to] {
		if p.Window == g.w {
			known = true
		} else if err := o.disarm(p.Window); err != nil {
			return err
		}
	}
	if !known {
		if err := o.arm(g.w); err != nil {
			return err
		}
	}
	if err := o.open.Set(slices.Replace(all, g.from, g.to, Session[A]{g.w, acc})); err != nil {
		return err
	}
	return o.hasten(g.w, g.w.append(o.ns[:0]))
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
		return o.end(filled[A]{w: w, acc: acc})
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
