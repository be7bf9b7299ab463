package stream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// playTo runs the job on these values and prints where each record goes.
func playTo(job *stream.Job, partitions map[string]int32, values ...string) {
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	r.Partitions = partitions
	b := &txn.Batch{Partition: txn.Partition{Topic: "in"}}
	for i, v := range values {
		b.Records = append(b.Records, txn.Record{Value: []byte(v), Offset: int64(i)})
	}
	err = r.Feed(b)
	out, _ := r.Output()
	for _, rec := range out {
		fmt.Printf("%s[%d]: %s\n", rec.Topic, rec.Partition, rec.Value)
	}
	if err != nil {
		fmt.Println("error:", err)
	}
}

// Topics that are declared are looked at before the job begins.
func ExampleToTopics() {
	job := stream.NewJob("split")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.ToTopics(lines, []string{"short", "long"}, func(line string, out *stream.Output) error {
		out.Value = append(out.Buf(), line...)
		switch n := len(line); {
		case n < 10:
			out.Topic = "short"
		case n < 20:
			out.Topic = "long"
		default:
			out.Topic = "endless" // a mistake, which stops the job
		}
		return nil
	}, stream.UID("kafka_sink"))
	playTo(job, nil, "to be", "or not to be", "that is the question, isn't it")
	// Output:
	// short[-1]: to be
	// long[-1]: or not to be
	// error: operator "kafka_sink", record in[0]@2: topic "endless" is none of the sink's: want one of ["short" "long"] (stream.ToTopics), or use stream.ToAny
}

// A topic for each tenant, of which there are always new ones.
func ExampleToAny() {
	job := stream.NewJob("tenants")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.ToAny(lines, func(line string, out *stream.Output) error {
		tenant, text, _ := strings.Cut(line, ": ")
		out.Topic = "tenant-" + tenant
		out.Value = append(out.Buf(), text...)
		return nil
	}, stream.UID("kafka_sink"))
	playTo(job, map[string]int32{"tenant-a": 1, "tenant-b": 1}, "a: hello", "b: hello", "c: hello")
	// Output:
	// tenant-a[-1]: hello
	// tenant-b[-1]: hello
	// error: operator "kafka_sink", record in[0]@2: no topic to write to: topic "tenant-c" does not exist
}

// Records of a region are together, whatever their keys.
func ExamplePartitionBy() {
	job := stream.NewJob("regions")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	region := func(_, value []byte, partitions int32) int32 { return int32(value[0]-'0') % partitions }
	stream.To(lines, "out", stream.AsValue(state.String{}), stream.PartitionBy(region))
	playTo(job, map[string]int32{"out": 4}, "1 north", "2 south", "5 east")
	// Output:
	// out[1]: 1 north
	// out[2]: 2 south
	// out[1]: 5 east
}

// What is wrong with a sink shows in the plan.
func TestSinkErrors(t *testing.T) {
	lines := func(j *stream.Job) stream.Stream[string] {
		return stream.From(j, stream.Topics("in"), stream.Values(state.String{}))
	}
	write := stream.AsValue(state.String{})
	for want, build := range map[string]func(j *stream.Job){
		"it has no topic":                       func(j *stream.Job) { stream.ToTopics(lines(j), nil, write) },
		"its topic is empty":                    func(j *stream.Job) { stream.ToTopics(lines(j), []string{"a", ""}, write) },
		"the encode function is nil":            func(j *stream.Job) { stream.ToAny[string](lines(j), nil) },
		"the function of PartitionBy is nil":    func(j *stream.Job) { stream.To(lines(j), "a", write, stream.PartitionBy(nil)) },
		"PartitionBy is an option of sinks":     func(j *stream.Job) { partitionedMap(lines(j), write) },
		`want one of ["a" "b"] (stream.ToTopic`: nil,
	} {
		job := stream.NewJob("job")
		if build == nil {
			stream.ToTopics(lines(job), []string{"a", "b"}, func(_ string, out *stream.Output) error { out.Topic = "c"; return nil })
			_, err := streamtest.Run(job, "x")
			if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, new(*operators.RecordError)) {
				t.Errorf("got %v, want %s", err, want)
			}
			continue
		}
		build(job)
		if _, err := job.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func partitionedMap(s stream.Stream[string], write stream.Encode[string]) {
	fn := func(_, _ []byte, _ int32) int32 { return 0 }
	stream.To(stream.Map(s, strings.ToUpper, stream.PartitionBy(fn)), "a", write)
}

// Every topic that is known beforehand is in the plan.
func TestSinksOfPlan(t *testing.T) {
	job := stream.NewJob("job")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.ToTopics(lines, []string{"a", "b"}, stream.AsValue(state.String{}))
	stream.To(lines, "a", stream.AsValue(state.String{}))
	stream.ToAny(lines, stream.AsValue(state.String{}))
	plan, err := job.Plan()
	if err != nil || fmt.Sprint(plan.Stages[0].Sinks) != "[a b]" {
		t.Fatal(plan, err)
	}
}
