package stream

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/operators"
)

// eventTime is what the options of a source say.
type eventTime struct {
	of         any // func(T) int64
	watermarks bool
	bound      time.Duration
	idle       time.Duration
}

// TimestampOf takes a record's event time, in ms since the epoch, from its value; otherwise it is the Kafka record's timestamp. It
// is an option of sources.
//
// A time before the year 1 or after the year 9999, as when it is not in milliseconds, is a failure of the record, see OnError. Any other is taken as it is: one that is ahead of all
// others takes the watermark of its partition along, and what comes behind it is late. Where such times may occur, such as those of devices whose clock is wrong, return
// what is plausible instead, or let the decode function refuse the record.
func TimestampOf[T any](of func(v T) int64) Option { return func(n *node) { n.event.of = of } }

// Watermarks gives a source event time: in each partition records may be out of order by bound without being late. Event time comes as far
// as in the partition that is furthest behind. It is an option of sources.
func Watermarks(bound time.Duration) Option {
	return func(n *node) { n.event.watermarks, n.event.bound = true, bound }
}

// IdleAfter lets event time go on without a partition that has had no record for so long. Until then, and without this option for ever, it
// waits for each partition. It is an option of sources.
func IdleAfter(d time.Duration) Option { return func(n *node) { n.event.idle = d } }

// timeOf checks the options of a source of T.
func timeOf[T any](n *node) (e operators.EventTime[T], set bool) {
	o := n.event
	e = operators.EventTime[T]{Watermarks: o.watermarks, Bound: o.bound, Idle: o.idle}
	if o.of != nil {
		of, ok := o.of.(func(T) int64)
		n.need(ok, "the function of TimestampOf takes another type than the source gives")
		n.need(!ok || of != nil, "the function of TimestampOf is nil")
		e.Of = of
	}
	n.need(o.bound >= 0, "the bound of its watermarks is negative")
	n.need(o.idle >= 0 && (o.idle == 0 || o.idle >= time.Millisecond), "the time of IdleAfter is less than 1ms")
	n.need(o.idle == 0 || o.watermarks, "IdleAfter is for sources with Watermarks")
	return e, o.watermarks || o.of != nil
}

// timeless says what n lacks to go by event time.
func (n *node) timeless() (errs []error) {
	if !n.source() && n.event != (eventTime{}) {
		errs = append(errs, errors.New("TimestampOf, Watermarks and IdleAfter are options of sources"))
	}
	if n.needs {
		errs = append(errs, n.withoutWatermarks()...)
	}
	return errs
}

// withoutWatermarks says which of the sources that n gets records from keep event time from coming on there.
func (n *node) withoutWatermarks() (errs []error) {
	for _, s := range n.origins(map[*node]bool{}) {
		if !s.event.watermarks {
			errs = append(errs, fmt.Errorf("it goes by event time, but source %q has no watermarks: add stream.Watermarks(…) there", s.label()))
		}
	}
	return errs
}

// origins are the sources that the records of n come from.
func (n *node) origins(seen map[*node]bool) (sources []*node) {
	if seen[n] {
		return nil
	}
	seen[n] = true
	if n.source() {
		return []*node{n}
	}
	inputs := n.inputs
	if n.silent {
		inputs = inputs[:1]
	}
	for _, in := range inputs {
		sources = append(sources, in.origins(seen)...)
	}
	return sources
}
