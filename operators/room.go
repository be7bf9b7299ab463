package operators

import (
	"fmt"
	"math"
	"time"

	"github.com/weirstream/weir/txn"
)

// room is what a topic takes of the records that one operator writes to it, as of when it was last asked for. The broker would refuse a record that is beyond it
// when the epoch is committed, where nobody can tell any more which record it was.
type room struct {
	t     *Task
	topic string
	// A record of this topic whose key and value have up to bytes bytes, and which has no headers, is surely taken if its timestamp is not above latest.
	bytes  int
	latest int64
	limits txn.Limits
}

// surely says without asking that the topic takes a record; false: check has to look.
func (r *room) surely(out *Output) bool {
	return len(out.Key)+len(out.Value) <= r.bytes && len(out.Headers) == 0 && out.Timestamp <= r.latest && out.Topic == r.topic
}

// check says why the topic does not take a record. What is known may be old, so it asks anew before it refuses.
func (r *room) check(out *Output) error {
	if r.topic != out.Topic {
		*r = room{t: r.t, topic: out.Topic}
	}
	if r.latest == 0 || r.beyond(out) != nil {
		r.ask()
	}
	return r.beyond(out)
}

func (r *room) ask() {
	r.limits = txn.Limits{}
	if f := r.t.env.Limits; f != nil {
		r.limits = f(r.topic)
	}
	r.bytes, r.latest = math.MaxInt, math.MaxInt64
	if n := r.limits.Bytes; n > 0 {
		r.bytes = n - txn.Framing
	}
	switch {
	case r.limits.Before > 0:
		r.latest = -1 // each has to be looked at
	case r.limits.After > 0:
		r.latest = r.t.env.Now().Add(r.limits.After).UnixMilli()
	}
}

func (r *room) beyond(out *Output) error {
	if most := r.limits.Bytes; most > 0 && len(out.Key)+len(out.Value)+txn.Framing > most || len(out.Headers) > 0 {
		if n := sizeOf(out); most > 0 && n > most {
			return fmt.Errorf("a record of %d bytes for topic %q, which takes %d: raise the topic's max.message.bytes, or message.max.bytes of the client if that is less", n, r.topic, most)
		}
	}
	if out.Timestamp <= 0 || r.limits.After == 0 && r.limits.Before == 0 {
		return nil
	}
	ahead := r.ahead(out)
	switch {
	case r.tooFar(ahead):
		return fmt.Errorf("the timestamp of a record for topic %q, %d, is %v ahead of now, and the topic takes up to %v (message.timestamp.after.max.ms): set another (Output.Timestamp), or change the topic",
			r.topic, out.Timestamp, ahead.Round(time.Second), r.limits.After)
	case r.limits.Before > 0 && -ahead > r.limits.Before:
		return fmt.Errorf("the timestamp of a record for topic %q, %d, is %v behind now, and the topic takes up to %v (message.timestamp.before.max.ms): set another (Output.Timestamp), or change the topic",
			r.topic, out.Timestamp, (-ahead).Round(time.Second), r.limits.Before)
	}
	return nil
}

// ahead is how far a record's timestamp is ahead of the clock, and tooFar whether that is further than the topic takes.
func (r *room) ahead(out *Output) time.Duration {
	return time.UnixMilli(out.Timestamp).Sub(r.t.env.Now())
}
func (r *room) tooFar(ahead time.Duration) bool { return r.limits.After > 0 && ahead > r.limits.After }

func sizeOf(out *Output) int {
	return (&txn.Record{Key: out.Key, Value: out.Value, Headers: out.Headers}).Size()
}
