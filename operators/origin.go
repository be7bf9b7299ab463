package operators

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/txn"
)

// Origin is what a record was made of: it goes with the record through exchanges, so that a failure can name it.
type Origin struct {
	// Partition of the source record; nil for what a timer has made. It is shared, and never changed.
	Partition *txn.Partition
	// Offset of the source record, or the time that the timer was set to, in ms since the epoch.
	Offset int64
}

// Origin is that of the record or timer at work.
func (t *Task) Origin() Origin { return t.origin }

// Culprit says which function has failed, and on what. It can be compared: the same culprit has failed again.
type Culprit struct {
	// UID is the operator's uid, or the name that the plan gave it.
	UID string
	// Topic, Partition and Offset are those of the source record that the function's record was made of. Topic is empty if there is
	// none.
	Topic     string
	Partition int32
	Offset    int64
	// Timer: it was not a record but a timer, or what a timer has made; Offset is the time that the timer was set to, in ms since
	// the epoch.
	Timer bool
	// Key is the timer's, as it stands in state. It is empty behind a further exchange, and never part of the text.
	Key string
}

// String shows nothing of the data, and so not the key.
func (c Culprit) String() string {
	switch {
	case c.Timer:
		return fmt.Sprintf("operator %q, timer of %s", c.UID, time.UnixMilli(c.Offset).UTC().Format(time.RFC3339Nano))
	case c.Topic == "":
		return fmt.Sprintf("operator %q", c.UID)
	}
	return fmt.Sprintf("operator %q, record %s[%d]@%d", c.UID, c.Topic, c.Partition, c.Offset)
}

// culprit is operator op with what is at work.
func (t *Task) culprit(op int32) Culprit {
	c := Culprit{UID: t.uids[op]}
	switch p := t.origin.Partition; {
	case !t.atWork:
	case p == nil:
		c.Timer, c.Offset, c.Key = true, t.origin.Offset, string(t.due)
	default:
		c.Topic, c.Partition, c.Offset = p.Topic, p.ID, t.origin.Offset
	}
	return c
}
