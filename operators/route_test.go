package operators

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/txn"
)

var errLookup = errors.New("nobody answers")

// lendTopics knows a topic "p3" with 3 partitions, "p1" with one and none other; "away" can't be asked for.
func lendTopics() *lent {
	l := lend(1)
	l.Partitions = func(topic string) (int32, error) {
		switch topic {
		case "p3":
			return 3, nil
		case "p1":
			return 1, nil
		case "away":
			return 0, errLookup
		}
		return 0, fmt.Errorf("%w: topic %q does not exist", ErrTopic, topic)
	}
	return l
}

// What a function may make of a record's destination, and what each sink says to it.
func TestRoutes(t *testing.T) {
	const anyPartition = txn.AnyPartition
	last := func(_, _ []byte, n int32) int32 { return n - 1 }
	one, several, all := Destination{Topics: []string{"p3"}}, Destination{Topics: []string{"p3", "p1"}}, Destination{Any: true}
	by := func(d Destination, p Partitioner) Destination { d.Partition = p; return d }
	for name, c := range map[string]struct {
		to   Destination
		out  Output // what the function sets; a zero Topic is left as it was
		want Output // Topic, Partition and Timestamp
		says string // or the error
	}{
		"one topic":              {one, Output{Partition: anyPartition, Timestamp: 7}, Output{Topic: "p3", Partition: anyPartition, Timestamp: 7}, ""},
		"its own":                {one, Output{Topic: "p3", Partition: 2}, Output{Topic: "p3", Partition: 2}, ""},
		"another":                {one, Output{Topic: "p1"}, Output{}, `topic "p1" is none of the sink's: want one of ["p3"]`},
		"one of several":         {several, Output{Topic: "p1"}, Output{Topic: "p1"}, ""},
		"none of several":        {several, Output{Topic: "x"}, Output{}, `topic "x" is none of the sink's: want one of ["p3" "p1"]`},
		"no topic":               {several, Output{}, Output{}, "has set no topic"},
		"no topic of any":        {all, Output{}, Output{}, "has set no topic"},
		"any":                    {all, Output{Topic: "p3", Partition: 1}, Output{Topic: "p3", Partition: 1}, ""},
		"missing":                {all, Output{Topic: "gone"}, Output{}, `topic "gone" does not exist`},
		"partition too high":     {one, Output{Partition: 3}, Output{}, `partition 3 of topic "p3", which has 3: want 0 to 2`},
		"partition too low":      {one, Output{Partition: -2}, Output{}, "partition -2"},
		"partitioner":            {by(several, last), Output{Topic: "p3", Partition: anyPartition}, Output{Topic: "p3", Partition: 2}, ""},
		"partition names one":    {by(one, last), Output{Partition: 0}, Output{Topic: "p3"}, ""},
		"partitioner misses":     {by(one, func(_, _ []byte, n int32) int32 { return n }), Output{Partition: anyPartition}, Output{}, "partition 3 of"},
		"partitioner below":      {by(one, func([]byte, []byte, int32) int32 { return -1 }), Output{Partition: anyPartition}, Output{}, "partition -1 of"},
		"no time":                {one, Output{Timestamp: -1}, Output{Topic: "p3"}, ""},
		"before 1970":            {one, Output{Timestamp: -2}, Output{}, `timestamp -2 of a record for topic "p3"`},
		"partitioner of missing": {by(all, last), Output{Topic: "gone", Partition: anyPartition}, Output{}, "does not exist"},
	} {
		l := lendTopics()
		task := NewTask(&l.Env)
		sink := Sink(task, "sink", c.to, func(_ string, out *Output) error {
			out.Timestamp, out.Partition = c.out.Timestamp, c.out.Partition
			if c.out.Topic != "" {
				out.Topic = c.out.Topic
			}
			return nil
		})
		err := errors.Join(Source(task, "s", value, sink)(batch("a", "b")), task.flush())
		if c.says != "" {
			var at *RecordError
			if !errors.As(err, &at) || at.UID != "sink" || at.Offset != 100 || !strings.Contains(err.Error(), c.says) || len(l.produced) > 0 {
				t.Errorf("%s: says %v", name, err)
			}
			continue
		}
		if err != nil || len(l.produced) != 2 {
			t.Errorf("%s: %v, %d records", name, err, len(l.produced))
			continue
		}
		for _, r := range l.produced {
			if r.Topic != c.want.Topic || r.Partition != c.want.Partition || r.Timestamp != c.want.Timestamp {
				t.Errorf("%s: got %+v", name, r)
			}
		}
	}
}

// A topic that can't be asked for is not the record's fault.
func TestRouteLookupFails(t *testing.T) {
	l := lendTopics()
	task := NewTask(&l.Env)
	sink := Sink(task, "sink", Destination{Any: true}, func(_ string, out *Output) error { out.Topic = "away"; return nil })
	err := Source(task, "s", value, sink)(batch("a"))
	if !errors.Is(err, errLookup) || errors.As(err, new(*RecordError)) {
		t.Fatal(err)
	}
}
