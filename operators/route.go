package operators

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/txn"
)

// Destination says where a sink may write to.
type Destination struct {
	// Topics are known beforehand, so that each was looked at before the job began; with Any others can come.
	Topics []string
	Any    bool
	// Partition chooses a partition, from 0 up to partitions, for a record that names none; nil: murmur2 of the key.
	Partition Partitioner
}

// Partitioner chooses a partition for a record: a number from 0 up to, but without, partitions. Key and value may not be changed.
type Partitioner func(key, value []byte, partitions int32) int32

// noTimestamp is that of a record which has none (written by a client older than Kafka 0.10).
const noTimestamp = -1

// ErrTopic says that there is no such topic, or that it must not be written to.
var ErrTopic = errors.New("no topic to write to")

// route checks and completes where the records of one sink go.
type route struct {
	Destination
	t     *Task
	op    int32
	first string // the topic of a record that names none; empty: it has to
	asks  bool   // each record has to be looked at
	known string // the last topic that is fine
	room  room   // of that topic
	exact bool   // no timestamp is exchanged for another: they are those of raw records
}

func newRoute(t *Task, op int32, to Destination) *route {
	r := &route{Destination: to, t: t, op: op, room: room{t: t}}
	if len(to.Topics) == 1 && !to.Any {
		r.first, r.known = to.Topics[0], to.Topics[0]
	}
	r.asks = r.first == "" || to.Partition != nil
	return r
}

// check finds what is wrong with a record before the client or the broker does, where an error could not name the record any more.
func (r *route) check(out *Output) error {
	if out.Timestamp == noTimestamp {
		out.Timestamp = 0
	}
	if out.Timestamp < 0 {
		return r.bad("timestamp %d of a record for topic %q: want ms since the epoch, or 0 for the current time", out.Timestamp, out.Topic)
	}
	if out.Topic != r.known || out.Topic == "" {
		if err := r.topic(out.Topic); err != nil {
			return err
		}
		r.known = out.Topic
	}
	if out.Partition != txn.AnyPartition || r.Partition != nil {
		if err := r.partition(out); err != nil {
			return err
		}
	}
	err := r.room.check(out)
	if err != nil && !r.exact && out.Timestamp == r.t.ts && r.room.tooFar(r.room.ahead(out)) {
		// Nobody chose it for this record: so is the end of a day whose window a drain closes in the morning.
		out.Timestamp = r.t.env.Now().UnixMilli()
		err = r.room.check(out)
	}
	return r.t.failed(r.op, err)
}

func (r *route) topic(name string) error {
	switch {
	case name == "":
		return r.bad("the function has set no topic for a record of a sink with several: set Output.Topic")
	case slices.Contains(r.Topics, name):
		return nil
	case !r.Any:
		return r.bad("topic %q is none of the sink's: want one of %q (stream.ToTopics), or use stream.ToAny", name, r.Topics)
	}
	_, err := r.count(name)
	return err
}

// partition checks the one that the record names, or chooses one.
func (r *route) partition(out *Output) error {
	chosen := out.Partition == txn.AnyPartition
	if !chosen && (out.Partition < 0 || r.t.env.Partitions == nil) {
		if out.Partition < 0 {
			return r.bad("partition %d of topic %q: want 0 or more, or AnyPartition", out.Partition, out.Topic)
		}
		return nil
	}
	n, err := r.count(out.Topic)
	if err != nil {
		return err
	}
	if chosen {
		out.Partition = r.Partition(out.Key, out.Value, n)
	}
	if out.Partition < 0 || out.Partition >= n {
		return r.bad("partition %d of topic %q, which has %d: want 0 to %d", out.Partition, out.Topic, n, n-1)
	}
	return nil
}

// count asks for the partitions of a topic. That there is none is the record's fault; any other error is not.
func (r *route) count(topic string) (int32, error) {
	if r.t.env.Partitions == nil {
		return 0, fmt.Errorf("operator %q: nobody knows the partitions of topic %q here", r.t.uids[r.op], topic)
	}
	n, err := r.t.env.Partitions(topic)
	if errors.Is(err, ErrTopic) {
		return 0, r.t.fail(r.op, err)
	}
	return n, err
}

func (r *route) bad(format string, args ...any) error {
	return r.t.fail(r.op, fmt.Errorf(format, args...))
}
