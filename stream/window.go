package stream

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Window is a span of time in ms since the epoch: from Start up to, but without, End.
type Window = operators.Window

// Pane is what a window has come to for a key: Key, Window, Value. Its timestamp is the last one of the window.
type Pane[K, R any] = operators.Pane[K, R]

// Windows says which windows records belong to and when these emit: Tumbling, Sliding, Session or CountWindows, in event time
// unless ProcessingTime is called. Their times are whole milliseconds, as timestamps are.
type Windows struct {
	kind windowKind
	w    operators.Windowing
	errs []string
}

type windowKind uint8

const (
	alignedWindows windowKind = iota + 1
	sessionWindows
	countWindows
)

// Tumbling windows follow each other without a gap, aligned to the epoch: those of an hour begin at the full hour in UTC.
func Tumbling(size time.Duration) Windows { return Sliding(size, size) }

// Sliding windows begin every slide and overlap if they are longer.
func Sliding(size, slide time.Duration) Windows {
	w := Windows{kind: alignedWindows, w: operators.Windowing{Domain: EventTime}}
	w.w.Size, w.w.Slide = w.span("size", size), w.span("slide", slide)
	w.need(slide <= size, "records between two windows would be lost: the slide is %v, the size %v", slide, size)
	return w
}

// Session windows go from a first record to gap after the last one; no record for longer than gap ends them.
func Session(gap time.Duration) Windows {
	w := Windows{kind: sessionWindows, w: operators.Windowing{Domain: EventTime}}
	w.w.Gap = w.span("gap", gap)
	return w
}

// CountWindows emit after every n records of a key and begin anew. They know no time.
func CountWindows(n int64) Windows {
	w := Windows{kind: countWindows, w: operators.Windowing{Count: n, Domain: state.ProcessingTime}}
	w.need(n > 0, "the number of records is %d, want at least 1", n)
	return w
}

// ProcessingTime lets windows go by the clock of the machine: a record belongs to the time at which it is processed, and none is late.
func (w Windows) ProcessingTime() Windows {
	w.w.Domain = state.ProcessingTime
	return w
}

// Offset moves the beginnings of tumbling and sliding windows: days that begin at 22:00 UTC have an offset of 22 hours.
func (w Windows) Offset(d time.Duration) Windows {
	w.w.Offset = w.whole("offset", d)
	w.need(w.kind == alignedWindows, "an offset is for tumbling and sliding windows")
	return w
}

// AllowLateness keeps windows for d after their end. Until then each late record emits an update.
func (w Windows) AllowLateness(d time.Duration) Windows {
	w.w.Lateness = w.whole("allowed lateness", d)
	w.need(d >= 0, "the allowed lateness is %v", d)
	return w
}

// Early emits what a window has so far, at multiples of interval by the machine's clock, if there was a record since the last time.
func (w Windows) Early(interval time.Duration) Windows {
	w.w.Early = w.span("interval of early results", interval)
	w.need(w.kind != countWindows, "early results are for windows of time")
	return w
}

// String says in words what windows these are.
func (w Windows) String() string {
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	var s string
	switch {
	case w.kind == countWindows:
		return fmt.Sprintf("of %d records", w.w.Count)
	case w.kind == sessionWindows:
		s = fmt.Sprintf("sessions with gaps of %v", ms(w.w.Gap))
	case w.w.Slide == w.w.Size:
		s = fmt.Sprintf("tumbling, of %v", ms(w.w.Size))
	default:
		s = fmt.Sprintf("sliding, of %v every %v", ms(w.w.Size), ms(w.w.Slide))
	}
	s += fmt.Sprintf(", in %v", w.w.Domain)
	for _, extra := range []struct {
		what string
		ms   int64
	}{{"offset", w.w.Offset}, {"allowed lateness", w.w.Lateness}, {"early results every", w.w.Early}} {
		if extra.ms != 0 {
			s += fmt.Sprintf(", %s %v", extra.what, ms(extra.ms))
		}
	}
	return s
}

// span is a time above 0 in ms.
func (w *Windows) span(what string, d time.Duration) int64 {
	if d < time.Millisecond {
		w.need(false, "the %s is %v, want at least 1ms", what, d)
		return 1
	}
	return w.whole(what, d)
}

// whole is a time in ms, as timestamps are.
func (w *Windows) whole(what string, d time.Duration) int64 {
	w.need(d%time.Millisecond == 0, "the %s is %v, want whole milliseconds, as timestamps are", what, d)
	return d.Milliseconds()
}

func (w *Windows) need(ok bool, format string, args ...any) {
	if !ok {
		w.errs = append(w.errs[:len(w.errs):len(w.errs)], fmt.Sprintf(format, args...))
	}
}

// check reports the mistakes of w, and what w lacks, at the operator that uses it.
func (w Windows) check(n *node, mergeable bool) {
	n.need(w.kind != 0, "it has no windows: want Tumbling, Sliding, Session or CountWindows")
	w.need(w.w.Lateness == 0 || w.w.Domain == EventTime, "allowed lateness is for event time")
	w.need(n.late == nil || w.w.Domain == EventTime, "LateTo is for event time: nothing else is late")
	for _, e := range w.errs {
		n.need(false, "%s", e)
	}
	n.need(w.kind != sessionWindows || mergeable, "session windows need Merge in the aggregator")
	n.needs = w.w.Domain == EventTime
}
