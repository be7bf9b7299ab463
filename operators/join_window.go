package operators

import (
	"slices"

	"github.com/weirstream/weir/state"
)

// WindowJoin is what a window join needs beside its task. Each side buffers records by their time alone: windows that overlap
// share them, and sessions that are merged have nothing to move.
type WindowJoin[K, L, R, U any] struct {
	Windowing
	Joiner[L, R, U]
	Timers    *state.Timers
	Codec     state.Codec[K]
	Left      *state.Map[int64, []L]
	Right     *state.Map[int64, []R]
	Open      *state.Value[[]Session[Nothing]] // sessions; nil: windows are aligned, and known by their timers
	LateLeft  *Side[L]                         // records that come too late for all of their windows; nil: they are dropped
	LateRight *Side[R]
	Guard     *Guard
}

// Nothing is what windows of a join add up to: their records are elsewhere.
type Nothing struct{}

// NothingCodec keeps it in no bytes.
type NothingCodec struct{}

// Name is the codec's name in descriptors.
func (NothingCodec) Name() string { return "nothing" }

// Append appends nothing.
func (NothingCodec) Append(dst []byte, _ Nothing) ([]byte, error) { return dst, nil }

// Decode reads it.
func (NothingCodec) Decode([]byte) (v Nothing, err error) { return v, nil }

type windowJoin[K, L, R, U any] struct {
	sessions[K, Nothing, Nothing, Nothing] // only the times of windows are their business
	join                                   Joiner[L, R, U]
	left                                   windowSide[L]
	right                                  windowSide[R]
	out                                    Push[Pane[K, U]]
	end                                    Push[joined[L, R]] // emits at a timer: if its function fails then, it is this pair alone that is let go
	ended                                  []Window           // which have emitted, and which the record at work still belongs to
}

// joined is what a window join emits something of: a pair, or a record without a partner.
type joined[L, R any] struct {
	w Window
	row[L, R]
}

// windowSide is one input.
type windowSide[T any] struct {
	buffer *bufferedAt[T]
	late   *Side[T]
	found  []timedValue[T] // scratch
}

// JoinWindows pairs the records of a key that are in the same window, when it ends. A record that comes later, but not too late, is paired
// when it comes.
func JoinWindows[K, L, R, U any](t *Task, uid string, j WindowJoin[K, L, R, U], next Push[Pane[K, U]]) (Push[L], Push[R]) {
	nothing := Fold[Nothing, Nothing, Nothing]{
		First: func(v Nothing) Nothing { return v },
		Add:   func(acc, _ Nothing) Nothing { return acc },
		Merge: func(a, _ Nothing) Nothing { return a },
	}
	w := Windows[K, Nothing, Nothing, Nothing]{Windowing: j.Windowing, Fold: nothing, Timers: j.Timers, Codec: j.Codec}
	o := &windowJoin[K, L, R, U]{join: j.Joiner, out: next}
	o.windows = newWindows(t, uid, w, nil)
	o.open = j.Open
	o.left = windowSide[L]{buffer: j.Left, late: j.LateLeft}
	o.right = windowSide[R]{buffer: j.Right, late: j.LateRight}
	o.alarm.fire, o.end = o.fire, Guarded(j.Guard, o.emit)
	return o.pushLeft, o.pushRight
}

func (o *windowJoin[K, L, R, U]) pushLeft(v L) error {
	return pushWindow(o, &o.left, &o.right, v, func(w Window, r R) error { return o.emit(pairOf(w, v, r)) })
}

func (o *windowJoin[K, L, R, U]) pushRight(v R) error {
	return pushWindow(o, &o.right, &o.left, v, func(w Window, l L) error { return o.emit(pairOf(w, l, v)) })
}

// pushWindow takes a record of one side. Its pairs come before the first change of state, see Guard.
func pushWindow[K, L, R, U, T, V any](o *windowJoin[K, L, R, U], mine *windowSide[T], other *windowSide[V], v T, pair func(w Window, v V) error) error {
	o.t.op = o.op
	ts, stamp := o.time(), o.t.ts
	for _, w := range o.endedAt(ts) {
		if err := other.find(w); err != nil {
			return o.fail(err)
		}
		for _, p := range other.found {
			if err := pair(w, p.v); err != nil {
				return err
			}
		}
	}
	o.t.ts = stamp
	late, err := o.belong(ts)
	if err != nil {
		return o.fail(err)
	}
	if late {
		return tooLate(o.t, o.op, mine.late, v)
	}
	return o.fail(hold(mine.buffer, ts, v))
}

// latest is the beginning of the last window of a time.
func (o *windowJoin[K, L, R, U]) latest(ts int64) int64 { return ts - floorMod(ts-o.Offset, o.Slide) }

// endedAt finds the windows of a time that have emitted and are not over, which lateness alone lets be.
func (o *windowJoin[K, L, R, U]) endedAt(ts int64) []Window {
	o.ended = o.ended[:0]
	if o.Lateness == 0 {
		return nil
	}
	for start := o.latest(ts); start > ts-o.Size; start -= o.Slide {
		if w := (Window{start, start + o.Size}); o.closed(w) && !o.over(w) {
			o.ended = append(o.ended, w)
		}
	}
	return o.ended
}

// belong lets there be the windows of a time, and sets their timers. It may be too late for all of them.
func (o *windowJoin[K, L, R, U]) belong(ts int64) (late bool, err error) {
	if o.open != nil {
		return o.extend(ts)
	}
	late = true
	for start := o.latest(ts); start > ts-o.Size; start -= o.Slide {
		w := Window{start, start + o.Size}
		if o.over(w) {
			break // so are those before it
		}
		late = false
		if err := o.arm(w); err != nil {
			return false, err
		}
	}
	return late, nil
}

// extend lets the session of a time go on, or begin.
func (o *windowJoin[K, L, R, U]) extend(ts int64) (late bool, err error) {
	all, g, err := o.grow(ts)
	if err != nil || o.over(g.w) {
		return err == nil, err
	}
	return false, o.keep(all, g, Nothing{})
}

func (o *windowJoin[K, L, R, U]) fire(due state.Due) error {
	w, err := readWindow(due.Namespace)
	if err != nil {
		return o.fail(err)
	}
	emit, remove := o.occasion(due, w)
	if emit {
		if err := o.left.find(w); err != nil {
			return o.fail(err)
		}
		if err := o.right.find(w); err != nil {
			return o.fail(err)
		}
	}
	if remove {
		if err := o.forget(w); err != nil {
			return o.fail(err)
		}
	}
	if emit {
		return o.all(w)
	}
	return nil
}

// find looks up what is in a window.
func (s *windowSide[T]) find(w Window) (err error) {
	clear(s.found)
	s.found, err = partners(s.found[:0], s.buffer, w.Start, w.End)
	return err
}

// forget removes a window, with those of its records that no later one has.
func (o *windowJoin[K, L, R, U]) forget(w Window) error {
	end := w.Start + o.Slide
	if o.open != nil {
		end = w.End
		if err := o.close(w); err != nil {
			return err
		}
	}
	if err := release(o.left.buffer, w.Start, end); err != nil {
		return err
	}
	return release(o.right.buffer, w.Start, end)
}

// close removes a session.
func (o *windowJoin[K, L, R, U]) close(w Window) error {
	all, _, err := o.open.Get()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(all, func(s Session[Nothing]) bool { return s.Window == w }); i >= 0 {
		return o.remove(all, i)
	}
	return nil
}

// all emits what a window has come to.
func (o *windowJoin[K, L, R, U]) all(w Window) error {
	lefts, rights := o.left.found, o.right.found
	for _, l := range lefts {
		if len(rights) == 0 && o.join.Left != nil {
			if err := o.end(joined[L, R]{w, row[L, R]{l: l.v, left: true}}); err != nil {
				return err
			}
		}
		for _, r := range rights {
			if err := o.end(pairOf(w, l.v, r.v)); err != nil {
				return err
			}
		}
	}
	if len(lefts) > 0 || o.join.Right == nil {
		return nil
	}
	for _, r := range rights {
		if err := o.end(joined[L, R]{w, row[L, R]{r: r.v, right: true}}); err != nil {
			return err
		}
	}
	return nil
}

func pairOf[L, R any](w Window, l L, r R) joined[L, R] {
	return joined[L, R]{w, row[L, R]{l, r, true, true}}
}

func (o *windowJoin[K, L, R, U]) emit(j joined[L, R]) error {
	o.t.op = o.op
	u := o.join.of(j.row)
	o.t.ts = j.w.last()
	return o.out(Pane[K, U]{*o.key, j.w, u})
}
