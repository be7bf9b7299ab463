package stream_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// A record that is no number goes to the dead letters; the job goes on.
func ExampleOnError() {
	job := stream.NewJob("numbers")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	numbers := stream.TryMap(lines, func(line string) (int, error) {
		var n int
		if _, err := fmt.Sscan(line, &n); err != nil {
			return 0, errors.New("it is no number")
		}
		return n, nil
	}, stream.UID("parse"), stream.OnError(stream.DeadLetter("bad-numbers")))
	stream.To(numbers, "doubled", func(n int, out *stream.Output) error {
		out.Value = fmt.Append(out.Buf(), 2*n)
		return nil
	})
	out, err := streamtest.Run(job, "1", "two", "3")
	for _, r := range out {
		fmt.Printf("%s: %s\n", r.Topic, r.Value)
		for _, h := range r.Headers {
			fmt.Printf("\t%s: %s\n", h.Key, h.Value)
		}
	}
	fmt.Println(err)
	// Output:
	// doubled: 2
	// bad-numbers: two
	// 	weir.error.cause: it is no number
	// 	weir.error.operator: parse
	// 	weir.error.topic: in
	// 	weir.error.partition: 0
	// 	weir.error.offset: 1
	// doubled: 6
	// <nil>
}

// The job of TestOnErrorEqualsNaive: a record is a list of operators that fail on what comes of it. Each operator that can have a policy has
// one, before an exchange and behind two.
var places = []string{"source", "time", "map", "trymap", "filter", "flatmap", "keyby", "process", "written", "side", "again", "sink"}

type trouble struct {
	text string
	part int // of what the flatmap has made of a record
}

// at fails where the text says so: with an error, or with a panic.
func (v trouble) at(place string) error {
	for _, word := range strings.Fields(v.text) {
		name, how, _ := strings.Cut(word, "!")
		if name != place && name != fmt.Sprint(place, v.part) {
			continue
		}
		if how == "panic" {
			panic("a secret")
		}
		return errors.New("no good at " + place)
	}
	return nil
}

func (v trouble) must(place string) {
	if err := v.at(place); err != nil {
		panic(err)
	}
}

func troubled(policies map[string]stream.ErrorPolicy) *stream.Job {
	job := stream.NewJob("troubled")
	opts := func(place string) []stream.Option {
		return []stream.Option{stream.UID(place), stream.OnError(policies[place])}
	}
	in := stream.From(job, stream.Topics("in"), func(r *stream.Record) (trouble, error) {
		v := trouble{text: string(r.Value)}
		r.Value = []byte("what decode does to a record is not in its dead letter")
		return v, v.at("source")
	}, append(opts("source"), stream.TimestampOf(func(v trouble) int64 { v.must("time"); return 7 }))...)
	mapped := stream.Map(in, func(v trouble) trouble { v.must("map"); return v }, opts("map")...)
	tried := stream.TryMap(mapped, func(v trouble) (trouble, error) { return v, v.at("trymap") }, opts("trymap")...)
	filtered := stream.Filter(tried, func(v trouble) bool { v.must("filter"); return true }, opts("filter")...)
	parts := stream.TryFlatMap(filtered, func(v trouble, emit func(trouble)) error {
		for part := range 3 {
			emit(trouble{v.text, part})
		}
		return v.at("flatmap")
	}, opts("flatmap")...)
	byPart := stream.KeyBy(parts, func(v trouble) string { v.must("keyby"); return fmt.Sprint(v.part) }, opts("keyby")...)
	tag := stream.NewTag[string]("side")
	processed := stream.Process(byPart, func(s *stream.Setup) stream.ProcessFunc[string, trouble, trouble] {
		count, side := stream.ValueState(s, "count", state.Int64{}), stream.SideOutput(s, tag)
		return func(ctx *stream.Context[string, trouble], v trouble) error {
			n, _, err := count.Get()
			if err != nil {
				return err
			}
			ctx.Emit(v)
			side.Emit(fmt.Sprint(v.text, " ", v.part))
			if err := v.at("process"); err != nil {
				return err
			}
			if err := count.Set(n + 1); err != nil {
				return err
			}
			return v.at("written")
		}
	}, opts("process")...)
	again := stream.KeyBy(stream.Map(processed, func(v trouble) trouble { return v }), func(v trouble) string { v.must("again"); return "one" }, opts("again")...)
	stream.To(again, "out", func(v trouble, out *stream.Output) error {
		out.Value = fmt.Append(out.Buf(), v.text, " ", v.part)
		return v.at("sink")
	}, opts("sink")...)
	stream.To(stream.Side(processed, tag), "side", func(s string, out *stream.Output) error {
		out.Value = []byte(s)
		return nil
	})
	return job
}

// naiveTroubled says what comes of a record: the outputs, the dead letters as "topic by operator: text", or that it fails
// the epoch, and where: what a function without a policy has emitted before it fails may fail first.
func naiveTroubled(policies map[string]stream.ErrorPolicy, text string) (out, side, letters, fails []string) {
	failsAt := func(place string, part int) bool {
		for _, word := range strings.Fields(text) {
			name, _, _ := strings.Cut(word, "!")
			if name == place || name == fmt.Sprint(place, part) {
				return true
			}
		}
		return false
	}
	letGo := func(place string) bool {
		switch p := policies[place].(type) {
		case stream.DeadLetter:
			letters = append(letters, fmt.Sprint(p, " by ", place, ": ", text))
			return true
		default:
			return p == stream.Skip
		}
	}
	for _, place := range []string{"source", "time", "map", "trymap", "filter", "flatmap"} {
		if failsAt(place, 0) {
			if place == "time" {
				place = "source"
			}
			if !letGo(place) {
				fails = []string{place}
			}
			return nil, nil, letters, fails
		}
	}
	for part := range 3 {
		value := fmt.Sprint(text, " ", part)
		for _, place := range []string{"keyby", "process", "written", "again", "sink", ""} {
			if place == "again" {
				side = append(side, value)
			}
			if place == "" {
				out = append(out, value)
				break
			}
			if failsAt(place, part) {
				if place == "written" { // too late to be let go
					fails = append(fails, "process")
				} else if !letGo(place) {
					fails = append(fails, place)
				}
				break
			}
		}
	}
	return out, side, letters, fails
}

func TestOnErrorEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := map[string]stream.ErrorPolicy{}
		for _, place := range places {
			policies[place] = rapid.SampledFrom([]stream.ErrorPolicy{stream.Fail, stream.Skip, stream.DeadLetter("letters-a"), stream.DeadLetter("letters-b")}).Draw(t, place)
		}
		r, err := streamtest.New(troubled(policies))
		if err != nil {
			t.Fatal(err)
		}
		lost := 0
		r.Lost = func(string, operators.Loss, error) { lost++ }
		r.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
		var want, got []string
		for i := range rapid.IntRange(1, 20).Draw(t, "records") {
			var words []string
			for range rapid.IntRange(0, 2).Draw(t, "troubles") {
				place := rapid.SampledFrom(places).Draw(t, "place")
				if rapid.Bool().Draw(t, "one part") {
					place += fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "part"))
				}
				words = append(words, place+rapid.SampledFrom([]string{"!error", "!panic"}).Draw(t, "how"))
			}
			text := strings.Join(words, " ")
			b := &txn.Batch{Partition: txn.Partition{Topic: "in", ID: 4}, Records: []txn.Record{{Key: []byte("key"), Value: []byte(text), Offset: int64(i), Timestamp: 99}}}
			out, side, letters, fails := naiveTroubled(policies, text)
			err := r.Feed(b)
			produced, flushErr := r.Output()
			if err = errors.Join(err, flushErr); len(fails) > 0 {
				checkTrouble(t, err, fails, int64(i))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want = append(append(append(want, out...), side...), letters...)
			got = append(got, describe(t, produced, int64(i))...)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// checkTrouble: an epoch that fails names the operator and the record, and no secret.
func checkTrouble(t *rapid.T, err error, uids []string, offset int64) {
	var at *operators.RecordError
	if !errors.As(err, &at) || !slices.Contains(append(uids, "keyby", "process", "again", "sink"), at.UID) || at.Culprit != (operators.Culprit{UID: at.UID, Topic: "in", Partition: 4, Offset: offset}) {
		t.Fatalf("record %d fails with %v, want %s", offset, err, uids)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Fatalf("shows data: %v", err)
	}
}

func describe(t *rapid.T, produced []txn.Record, offset int64) (all []string) {
	for _, rec := range produced {
		if !strings.HasPrefix(rec.Topic, "letters") {
			all = append(all, string(rec.Value))
			continue
		}
		h := map[string]string{}
		for _, header := range rec.Headers {
			h[header.Key] = string(header.Value)
		}
		where := fmt.Sprintf("%s[%s]@%s", h[stream.HeaderTopic], h[stream.HeaderPartition], h[stream.HeaderOffset])
		if len(h) != 5 || where != fmt.Sprintf("in[4]@%d", offset) || h[stream.HeaderCause] == "" || strings.Contains(h[stream.HeaderCause], "secret") ||
			string(rec.Key) != "key" || rec.Timestamp != 99 {
			t.Fatalf("the dead letter of record %d is %s of %d, %v", offset, rec.Key, rec.Timestamp, h)
		}
		all = append(all, fmt.Sprint(rec.Topic, " by ", h[stream.HeaderOperator], ": ", string(rec.Value)))
	}
	return all
}
