package operators

import (
	"bytes"

	"github.com/weirstream/weir/txn"
)

// waiting is an operator that records wait in while the task goes on.
type waiting interface {
	// drain waits until no record is left.
	drain() error
	// reach says how far event time has come behind the operator when it has come to wm in front of it.
	reach(wm int64, idle bool) (int64, bool)
}

// drain waits until no record is left in the chain but what Flush sends on.
func (t *Task) drain() (err error) {
	defer t.rescue(&err)
	for i := len(t.waits) - 1; i >= 0; i-- {
		if err := t.waits[i].drain(); err != nil {
			return err
		}
	}
	return nil
}

// behind takes event time from operator to operator as if all stood in one row, so what stands in another branch holds it back as well.
func (t *Task) behind(wm int64, idle bool) (int64, bool) {
	if t.lag.on {
		wm, idle = t.lag.before, false
	}
	for i := len(t.waits) - 1; i >= 0; i-- {
		wm, idle = t.waits[i].reach(wm, idle)
	}
	return wm, idle
}

// begun is where event time goes on, or NoWatermark.
func (t *Task) begun() int64 {
	if t.env.Watermark == 0 {
		return NoWatermark
	}
	return t.env.Watermark
}

// holding holds event time back behind records that wait: it goes no further than it had come when the oldest of them came in.
type holding struct {
	in    int64   // in front of the operator
	spans []*span // the oldest first, which has records
}

// span is the records that came in between two steps of event time.
type span struct {
	wm int64
	n  int
}

func (h *holding) enter() *span {
	if n := len(h.spans); n == 0 || h.spans[n-1].wm != h.in {
		h.spans = append(h.spans, &span{wm: h.in})
	}
	s := h.spans[len(h.spans)-1]
	s.n++
	return s
}

func (h *holding) leave(s *span) {
	s.n--
	for len(h.spans) > 0 && h.spans[0].n == 0 {
		h.spans[0] = nil
		h.spans = h.spans[1:]
	}
}

func (h *holding) reach(wm int64, idle bool) (int64, bool) {
	h.in = max(h.in, wm)
	if len(h.spans) == 0 {
		return h.in, idle
	}
	return h.spans[0].wm, false
}

// place is what stands in the Task beside a record's value.
type place struct {
	ts     int64
	op     int32
	atWork bool
	origin Origin
	raw    *txn.Record
	due    []byte
}

func (t *Task) place() place { return place{t.ts, t.op, t.atWork, t.origin, t.raw, t.due} }

func (t *Task) goTo(p place) {
	t.ts, t.op, t.atWork, t.origin, t.raw, t.due = p.ts, p.op, p.atWork, p.origin, p.raw, p.due
}

// keep is a place that can be gone back to when other records have been at work: with a source record of its own.
func (t *Task) keep() place {
	p := t.place()
	if p.raw != nil {
		r := *p.raw
		p.raw = &r
	}
	p.due = bytes.Clone(p.due)
	return p
}
