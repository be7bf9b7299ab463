package stream_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
)

// play runs the job on these values and prints what it writes.
func play(job *stream.Job, values ...string) {
	out, err := streamtest.Run(job, values...)
	if err != nil {
		fmt.Println("error:", err)
	}
	for _, r := range out {
		if r.Key != nil {
			fmt.Printf("%s: ", r.Key)
		}
		fmt.Printf("%s\n", r.Value)
	}
}

// A whole job: it counts words, exactly once each.
func Example() {
	job := stream.NewJob("wordcount")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}))
	words := stream.FlatMap(lines, func(line string, emit func(string)) {
		for _, word := range strings.Fields(strings.ToLower(line)) {
			emit(word)
		}
	})
	byWord := stream.KeyBy(words, func(word string) string { return word })
	counts := stream.Count(byWord, stream.UID("count_words"))
	stream.To(counts, "word-counts", func(c stream.KV[string, int64], out *stream.Output) error {
		out.Key = append(out.Buf(), c.Key...)
		out.Value = fmt.Appendf(out.Buf(), "%s %d", c.Key, c.Value)
		return nil
	})
	play(job, "to be or", "not to be")
	// Output:
	// to: to 1
	// be: be 1
	// or: or 1
	// not: not 1
	// to: to 2
	// be: be 2
}

func ExampleFrom() {
	job := stream.NewJob("sizes")
	// A decode function sees the whole record: key, value, headers, timestamp and position.
	sizes := stream.From(job, stream.Topics("in"), func(r *stream.Record) (string, error) {
		return fmt.Sprintf("%s[%d]@%d has %d bytes", r.Topic, r.Partition, r.Offset, len(r.Value)), nil
	}, stream.UID("kafka_source"))
	stream.To(sizes, "out", stream.AsValue(state.String{}))
	play(job, "abc", "")
	// Output:
	// in[0]@0 has 3 bytes
	// in[0]@1 has 0 bytes
}

func ExampleRaw() {
	job := stream.NewJob("errors-only")
	records := stream.From(job, stream.Topics("log"), stream.Raw)
	failures := stream.Filter(records, func(r *stream.Record) bool { return strings.HasPrefix(string(r.Value), "ERROR") })
	stream.To(failures, "errors", stream.AsRecord)
	play(job, "INFO up", "ERROR down")
	// Output: ERROR down
}

func ExampleMap() {
	job := stream.NewJob("upper")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.To(stream.Map(lines, strings.ToUpper), "out", stream.AsValue(state.String{}))
	play(job, "quiet")
	// Output: QUIET
}

// What fails says where.
func ExampleTryMap() {
	job := stream.NewJob("double")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	doubled := stream.TryMap(lines, func(v string) (string, error) {
		n, err := strconv.Atoi(v)
		return strconv.Itoa(2 * n), err
	}, stream.UID("double"))
	stream.To(doubled, "out", stream.AsValue(state.String{}))
	_, err := streamtest.Run(job, "21", "many")
	fmt.Println(err)
	var at *operators.RecordError
	fmt.Println(errors.As(err, &at), at.UID, at.Topic, at.Offset)
	// Output:
	// operator "double", record in[0]@1: strconv.Atoi: parsing "many": invalid syntax
	// true double in 1
}

func ExampleFilter() {
	job := stream.NewJob("short")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.To(stream.Filter(lines, func(v string) bool { return len(v) < 5 }), "out", stream.AsValue(state.String{}))
	play(job, "long words", "fit")
	// Output: fit
}

func ExampleFlatMap() {
	job := stream.NewJob("letters")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	letters := stream.FlatMap(lines, func(v string, emit func(string)) {
		for _, r := range v {
			emit(string(r))
		}
	})
	stream.To(letters, "out", stream.AsValue(state.String{}))
	play(job, "ab", "", "c")
	// Output:
	// a
	// b
	// c
}

func ExampleTryFlatMap() {
	job := stream.NewJob("pairs")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	pairs := stream.TryFlatMap(lines, func(v string, emit func(string)) error {
		key, value, ok := strings.Cut(v, "=")
		if !ok {
			return errors.New("no = in it")
		}
		emit(key)
		emit(value)
		return nil
	}, stream.UID("cut"))
	stream.To(pairs, "out", stream.AsValue(state.String{}))
	play(job, "a=b", "c")
	// Output: error: operator "cut", record in[0]@1: no = in it
}

// Every consumer of a stream gets every record.
func ExampleTo() {
	job := stream.NewJob("both")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.To(lines, "archive", stream.AsValue(state.String{}))
	stream.To(lines, "tagged", func(v string, out *stream.Output) error {
		out.Key = append(out.Buf(), v[:1]...)
		out.Value = append(out.Buf(), v...)
		out.Headers = []stream.Header{{Key: "origin", Value: []byte("weir")}}
		return nil
	})
	play(job, "apple", "pear")
	// Output:
	// apple
	// a: apple
	// pear
	// p: pear
}

func ExampleUID() {
	job := stream.NewJob("job")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.Count(stream.KeyBy(lines, strings.ToLower))
	_, err := job.Plan()
	fmt.Println(err)
	// Output: job "job": operator "count-3": it keeps state and needs a uid by which that is found again: add stream.UID("…")
}
