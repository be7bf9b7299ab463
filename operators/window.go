package operators

import (
	"encoding/binary"
	"fmt"

	"github.com/weirstream/weir/state"
)

// Window is a span of time in ms since the epoch: from Start up to, but without, End.
type Window struct{ Start, End int64 }

// last is the last timestamp inside.
func (w Window) last() int64 { return w.End - 1 }

// Pane is what a window has come to for a key, so far or finally.
type Pane[K, R any] struct {
	Key    K
	Window Window
	Value  R
}

// Windowing says which windows a record belongs to and when they emit. Times are in ms.
type Windowing struct {
	Size, Slide, Offset int64 // of aligned windows: they begin at multiples of Slide, plus Offset
	Gap                 int64 // of sessions: without a record for so long they end
	Count               int64 // of the global window: it emits, and begins anew, after so many records
	Domain              state.Domain
	// Lateness keeps a window of event time for so long after its end: late records still update it.
	Lateness int64
	// Early emits what there is at multiples of this processing time, if there was a record since; 0: at the end only.
	Early int64
}

// Fold is an incremental aggregation of T in A; R is what comes out.
type Fold[T, A, R any] struct {
	First  func(v T) A
	Add    func(acc A, v T) A
	Merge  func(a, b A) A // of sessions
	Result func(acc A) R
}

// Windows is what window operators need beside their state.
type Windows[K, T, A, R any] struct {
	Windowing
	Fold[T, A, R]
	Timers *state.Timers
	Codec  state.Codec[K]
	Late   *Side[T] // records that come too late for all of their windows
	Guard  *Guard
}

// windows is what all window operators have in common.
type windows[K, T, A, R any] struct {
	Windows[K, T, A, R]
	t     *Task
	op    int32
	key   *K
	alarm *alarm[K]
	next  Push[Pane[K, R]]
	end   Push[filled[A]] // emits at a timer: if Result fails then, it is this result alone that is let go
	ns    [windowBytes]byte
}

// filled is a window with what its records come to.
type filled[A any] struct {
	w     Window
	acc   A
	fresh bool // it was not there before
}

func newWindows[K, T, A, R any](t *Task, uid string, w Windows[K, T, A, R], next Push[Pane[K, R]]) windows[K, T, A, R] {
	o := windows[K, T, A, R]{Windows: w, t: t, op: t.operator(uid), key: t.key.(*K), next: next}
	o.alarm = newAlarm(t, o.op, w.Codec, w.Timers)
	return o
}

// fires lets fire run at timers, and what it ends be emitted.
func (o *windows[K, T, A, R]) fires(fire func(due state.Due) error) {
	o.alarm.fire, o.end = fire, Guarded(o.Guard, o.emit)
}

// time is that of the record at work.
func (o *windows[K, T, A, R]) time() int64 {
	if o.Domain == state.ProcessingTime {
		return o.t.now().UnixMilli()
	}
	return within(o.t.ts)
}

// over says whether nothing may be added to a window any more.
func (o *windows[K, T, A, R]) over(w Window) bool {
	return o.Domain == state.EventTime && o.alarm.late(w.last()+o.Lateness)
}

// closed says whether it has emitted its regular result: what is added is an update.
func (o *windows[K, T, A, R]) closed(w Window) bool {
	return o.Domain == state.EventTime && o.alarm.late(w.last())
}

// arm sets the timers of a new window.
func (o *windows[K, T, A, R]) arm(w Window) error {
	ns := w.append(o.ns[:0])
	if o.Domain == state.ProcessingTime {
		return o.Timers.Set(state.ProcessingTime, w.End, ns)
	}
	if !o.closed(w) {
		if err := o.Timers.Set(state.EventTime, w.last(), ns); err != nil {
			return err
		}
	}
	if o.Lateness == 0 {
		return nil
	}
	return o.Timers.Set(state.EventTime, w.last()+o.Lateness, ns)
}

// disarm takes the timers of a window back.
func (o *windows[K, T, A, R]) disarm(w Window) error {
	ns := w.append(o.ns[:0])
	if o.Domain == state.ProcessingTime {
		return o.Timers.Delete(state.ProcessingTime, w.End, ns)
	}
	if err := o.Timers.Delete(state.EventTime, w.last(), ns); err != nil {
		return err
	}
	return o.Timers.Delete(state.EventTime, w.last()+o.Lateness, ns)
}

// hasten sets the timer of the next early result. There is one at most, since its time is a multiple of Early.
func (o *windows[K, T, A, R]) hasten(w Window, ns []byte) error {
	if o.Early == 0 || o.closed(w) {
		return nil
	}
	now := o.t.now().UnixMilli()
	at := now - floorMod(now, o.Early) + o.Early
	if o.Domain == state.ProcessingTime && at >= w.End {
		return nil
	}
	return o.Timers.Set(state.ProcessingTime, at, ns)
}

// occasion is what a timer of window w has come for.
func (o *windows[K, T, A, R]) occasion(due state.Due, w Window) (emit, remove bool) {
	switch {
	case o.Domain == state.ProcessingTime:
		return true, due.At >= w.End
	case due.Domain == state.ProcessingTime:
		return !o.closed(w), false // early
	}
	return due.At == w.last(), due.At >= w.last()+o.Lateness
}

// emit emits the result of a window.
func (o *windows[K, T, A, R]) emit(f filled[A]) error {
	o.t.op, o.t.ts = o.op, f.w.last()
	return o.next(Pane[K, R]{*o.key, f.w, o.Result(f.acc)})
}

// fail wraps an error of state, if it is one.
func (o *windows[K, T, A, R]) fail(err error) error { return o.t.failed(o.op, err) }

// tooLate lets go of a record.
func (o *windows[K, T, A, R]) tooLate(v T) error {
	return tooLate(o.t, o.op, o.Late, v)
}

// tooLate lets go of a late record: to a side output or, if nobody reads that, to nowhere but a count.
func tooLate[T any](t *Task, op int32, side *Side[T], v T) error {
	if !side.read() {
		t.lost(t.uids[op], Late, nil)
		return nil
	}
	side.Emit(v)
	return t.broken
}

const windowBytes = 16

// append appends the window as it stands in state: both times big-endian with the sign bit flipped.
func (w Window) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(w.Start)^1<<63)
	return binary.BigEndian.AppendUint64(dst, uint64(w.End)^1<<63)
}

func readWindow(b []byte) (Window, error) {
	if len(b) != windowBytes {
		return Window{}, fmt.Errorf("a window of %d bytes, want %d", len(b), windowBytes)
	}
	start, end := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	return Window{int64(start ^ 1<<63), int64(end ^ 1<<63)}, nil
}

// WindowCodec keeps windows in the order of their starts.
type WindowCodec struct{}

// Name is the codec's name in descriptors.
func (WindowCodec) Name() string { return "window" }

// Append appends 16 bytes.
func (WindowCodec) Append(dst []byte, w Window) ([]byte, error) { return w.append(dst), nil }

// Decode reads them.
func (WindowCodec) Decode(b []byte) (Window, error) { return readWindow(b) }

// floorMod is a modulo b, never below 0 for b above 0.
func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}
