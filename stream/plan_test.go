package stream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

var (
	text  = Values(state.String{})
	plain = AsValue(state.String{})
	count = AsPair(state.String{}, state.Int64{})
)

func self(v string) string { return v }

func lines(j *Job) Stream[string] { return From(j, Topics("in"), text, UID("in")) }

func TestPlanErrors(t *testing.T) {
	for want, build := range map[string]func(j *Job){
		`it has no source`: func(*Job) {},
		`operator "count-3": it keeps state and needs a uid by which that is found again: add stream.UID`: func(j *Job) {
			Count(KeyBy(lines(j), self))
		},
		`operator "in": its uid is also that of another operator (source-1 and sink-2)`: func(j *Job) {
			To(lines(j), "out", plain, UID("in"))
		},
		`operator "a b": its uid is malformed: want 1 to 100 letters`: func(j *Job) {
			To(lines(j), "out", plain, UID("a b"))
		},
		`operator "map-2": its function is nil`: func(j *Job) {
			To(Map[string, string](lines(j), nil), "out", plain)
		},
		`operator "map-2": nothing consumes its output: end with stream.To`:   func(j *Job) { Map(lines(j), self) },
		`operator "keyby-2": nothing consumes its output: end with stream.To`: func(j *Job) { KeyBy(lines(j), self) },
		`operator "in": nothing consumes its output: end with stream.To`:      func(j *Job) { lines(j) },
		`operator "source-1": it reads no topic`: func(j *Job) {
			To(From(j, Topics(), text), "out", plain)
		},
		`operator "source-1": the name of a topic is empty`: func(j *Job) {
			To(From(j, Topics(""), text), "out", plain)
		},
		`operator "source-1": it lists topic "a" twice`: func(j *Job) {
			To(From(j, Topics("a", "a"), text), "out", plain)
		},
		`operator "source-3": topic "in" is read by source "in" already: give that one several consumers`: func(j *Job) {
			To(lines(j), "out", plain)
			To(From(j, Topics("in"), text), "out", plain)
		},
		`operator "source-1": the decode function is nil`: func(j *Job) {
			To(From(j, Topics("in"), Values[string](nil)), "out", plain)
		},
		`operator "sink-2": its topic is empty`:         func(j *Job) { To(lines(j), "", plain) },
		`operator "sink-2": the encode function is nil`: func(j *Job) { To(lines(j), "out", nil) },
		`operator "keyby-2": its codec is nil`:          func(j *Job) { Count(KeyByCodec(lines(j), self, nil), UID("c")) },
		`operator "r": its codec is nil`:                func(j *Job) { Reduce(KeyBy(lines(j), self), nil, func(a, _ string) string { return a }, UID("r")) },
		`operator "s": its function is nil`:             func(j *Job) { Sum[string, string, int64](KeyBy(lines(j), self), nil, UID("s")) },
		`operator "keyby-2": a *stream.Record is reused`: func(j *Job) {
			Count(KeyBy(From(j, Topics("in"), Raw), func(r *Record) string { return string(r.Key) }), UID("c"))
		},
		`operator "p": open returned no function`: func(j *Job) {
			Process(KeyBy(lines(j), self), func(*Setup) ProcessFunc[string, string, string] { return nil }, UID("p"))
		},
		`operator "p": panic: boom`: func(j *Job) {
			Process(KeyBy(lines(j), self), func(*Setup) ProcessFunc[string, string, string] { panic("boom") }, UID("p"))
		},
		`operator "p": state "s" of operator "p" is open in this task already`: func(j *Job) {
			Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
				ValueState(s, "s", state.String{})
				ListState(s, "s", state.String{})
				return func(*Context[string, string], string) error { return nil }
			}, UID("p"))
		},
		`Migrate of state "n" of operator "c": the job has no such state`: func(j *Job) {
			Count(KeyBy(lines(j), self), UID("c"))
			Migrate(j, "c", "n", state.Int64{}, state.String{}, func(n int64) (string, error) { return "", nil })
		},
		`Migrate of state "count" of operator "c": it makes values of codec string, but the state's is int64-be`: func(j *Job) {
			Count(KeyBy(lines(j), self), UID("c"))
			Migrate(j, "c", "count", state.Int64{}, state.String{}, func(n int64) (string, error) { return "", nil })
		},
		`Migrate of state "count" of operator "c": from and to are one codec, int64-be: there is nothing to convert`: func(j *Job) {
			Count(KeyBy(lines(j), self), UID("c"))
			Migrate(j, "c", "count", state.Int64{}, state.Int64{}, func(n int64) (int64, error) { return n, nil })
		},
		`Migrate of state "v" of operator "p": from and to are one codec, json: with one schema, {"Total":"int64"}`: func(j *Job) {
			type same struct{ Total int64 }
			jsonState[same](j)
			migrateJSON[orderV1, same](j)
		},
		`Migrate of state "v" of operator "p": it makes values of schema {"Note":"string","Sum":"int64"}, but the state's is {"Total":"int64"}`: func(j *Job) {
			jsonState[orderV1](j)
			migrateJSON[struct{ N int }, orderV2](j)
		},
		`Migrate of state "count" of operator "c": its function is nil`: func(j *Job) {
			Count(KeyBy(lines(j), self), UID("c"))
			Migrate[string](j, "c", "count", state.String{}, state.Int64{}, nil)
		},
		`operator "w": it goes by event time, but source "in" has no watermarks`: func(j *Job) { windowsOf(j, Tumbling(time.Second)) },
		`operator "w": the size is 1µs, want at least 1ms`:                       func(j *Job) { windowsOf(j, Tumbling(time.Microsecond).ProcessingTime()) },
		`operator "w": the size is 1.5ms, want whole milliseconds`:               func(j *Job) { windowsOf(j, Tumbling(1500*time.Microsecond).ProcessingTime()) },
		`operator "w": the gap is 1.5ms, want whole milliseconds`:                func(j *Job) { windowsOf(j, Session(1500*time.Microsecond).ProcessingTime()) },
		`operator "w": the slide is 1.000001ms, want whole milliseconds`:         func(j *Job) { windowsOf(j, Sliding(time.Second, time.Millisecond+1).ProcessingTime()) },
		`operator "w": the offset is -1µs, want whole milliseconds`:              func(j *Job) { windowsOf(j, Tumbling(time.Second).Offset(-time.Microsecond).ProcessingTime()) },
		`operator "w": the allowed lateness is 1µs, want whole milliseconds`:     func(j *Job) { windowsOf(j, Tumbling(time.Second).AllowLateness(time.Microsecond)) },
		`operator "w": the interval of early results is 1.5ms, want whole`:       func(j *Job) { windowsOf(j, Tumbling(time.Second).Early(1500*time.Microsecond).ProcessingTime()) },
		`operator "w": records between two windows would be lost`:                func(j *Job) { windowsOf(j, Sliding(time.Second, time.Minute).ProcessingTime()) },
		`operator "w": allowed lateness is for event time`:                       func(j *Job) { windowsOf(j, Tumbling(time.Second).AllowLateness(time.Hour).ProcessingTime()) },
		`operator "w": an offset is for tumbling and sliding windows`:            func(j *Job) { windowsOf(j, Session(time.Second).Offset(time.Hour).ProcessingTime()) },
		`operator "w": the number of records is 0`:                               func(j *Job) { windowsOf(j, CountWindows(0)) },
		`operator "w": it has no windows`:                                        func(j *Job) { windowsOf(j, Windows{}) },
		`operator "w": LateTo is for event time`:                                 func(j *Job) { windowsOf(j, CountWindows(1), LateTo(NewTag[string]("late"))) },
		`operator "a": session windows need Merge in the aggregator`: func(j *Job) {
			agg := Aggregator[string, int64, int64]{state.Int64{}, func() int64 { return 0 }, func(a int64, _ string) int64 { return a }, func(a int64) int64 { return a }, nil}
			WindowAggregate(KeyBy(lines(j), self), Session(time.Second).ProcessingTime(), agg, UID("a"))
		},
		`operator "a": its aggregator lacks New, Add or Result`: func(j *Job) {
			Aggregate(KeyBy(lines(j), self), Aggregator[string, int64, int64]{Codec: state.Int64{}}, UID("a"))
		},
		`operator "w": the tag of LateTo is of another type`: func(j *Job) {
			in := From(j, Topics("in"), text, UID("in"), Watermarks(0))
			WindowReduce(KeyBy(in, self), Tumbling(time.Second), state.String{}, func(a, _ string) string { return a }, UID("w"), LateTo(NewTag[int]("late")))
		},
		`operator "source-1": the function of TimestampOf takes another type`: func(j *Job) {
			To(From(j, Topics("in"), text, TimestampOf(func(int) int64 { return 0 })), "out", plain)
		},
		`operator "source-1": IdleAfter is for sources with Watermarks`: func(j *Job) {
			To(From(j, Topics("in"), text, IdleAfter(time.Second)), "out", plain)
		},
		`operator "sink-2": TimestampOf, Watermarks and IdleAfter are options of sources`: func(j *Job) {
			To(lines(j), "out", plain, Watermarks(0))
		},
		`operator "union-3": it takes streams of two jobs`: func(j *Job) {
			To(Union(lines(j), lines(NewJob("other")), lines(j)), "out", plain)
		},
		`operator "in": it has no side outputs`: func(j *Job) {
			To(Side(lines(j), NewTag[string]("t")), "out", plain)
		},
		`operator "p": it has no side output "t"`: func(j *Job) {
			p := Process(KeyBy(lines(j), self), func(*Setup) ProcessFunc[string, string, string] {
				return func(*Context[string, string], string) error { return nil }
			}, UID("p"))
			To(Side(p, NewTag[string]("t")), "out", plain)
		},
		`operator "p": side output "t" is of another type`: func(j *Job) {
			p := Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
				SideOutput(s, NewTag[int]("t"))
				return func(*Context[string, string], string) error { return nil }
			}, UID("p"))
			To(Side(p, NewTag[string]("t")), "out", plain)
		},
		`operator "p": OnTimer was given a func(*operators.Context[string,int], operators.Timer) error`: func(j *Job) {
			Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
				OnTimer(s, func(*Context[string, int], Timer) error { return nil })
				return func(*Context[string, string], string) error { return nil }
			}, UID("p"))
		},
		`operator "p": OnTimer is called twice`: func(j *Job) {
			Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
				OnTimer(s, func(*Context[string, string], Timer) error { return nil })
				OnTimer(s, func(*Context[string, string], Timer) error { return nil })
				return func(*Context[string, string], string) error { return nil }
			}, UID("p"))
		},
	} {
		j := NewJob("job")
		build(j)
		plan, err := j.Plan()
		if plan != nil || err == nil || !strings.HasPrefix(err.Error(), `job "job": `) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPlanReportsAllMistakes(t *testing.T) {
	j := NewJob("my job")
	Count(KeyBy(lines(j), nil))
	_, err := j.Plan()
	for _, want := range []string{`the job's name is "my job"`, `operator "keyby-2"`, `operator "count-3"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
}

func windowsOf(j *Job, w Windows, opts ...Option) {
	WindowReduce(KeyBy(lines(j), self), w, state.String{}, func(a, _ string) string { return a }, append(opts, UID("w"))...)
}

// A union runs in every stage that feeds it, and an exchange behind it has all of them as senders.
func TestPlanUnion(t *testing.T) {
	j := NewJob("union")
	a := lines(j)
	b := From(j, Topics("b"), text, UID("b"))
	both := Union(Filter(a, func(string) bool { return true }), a, b)
	To(both, "out", plain)
	Count(KeyBy(both, self), UID("count"))
	plan, err := j.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range plan.Stages {
		fmt.Fprintln(&got, s.Name, "|", s.Inputs, s.Sends, s.Sinks)
	}
	want := `in -> filter-3 -> union-4 -> sink-5 | [] [0] [out]
b -> union-4 -> sink-5 | [] [0] [out]
keyby-6 -> count | [0] [] []
`
	if got.String() != want {
		t.Fatalf("got\n%swant\n%s", got.String(), want)
	}
}

// A graph with fan-out, two exchanges one after the other and two sources.
func branching() *Job {
	j := NewJob("branching")
	in := lines(j)
	To(in, "copy", plain, UID("copy"))
	counts := Count(KeyBy(Filter(in, func(v string) bool { return v != "" }), self), UID("count"))
	To(counts, "counts", count)
	long := Sum(counts, func(c KV[string, int64]) float64 { return float64(c.Value) }, UID("sum")) // no exchange between
	byLength := KeyByCodec(long, func(c KV[string, float64]) int64 { return int64(len(c.Key)) }, state.Int64{}, UID("by_length"))
	Count(byLength, UID("lengths"))
	To(From(j, Topics("a", "b"), text, UID("other")), "copy", plain)
	return j
}

func TestPlanStages(t *testing.T) {
	plan, err := branching().Plan()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range plan.Stages {
		var topics []string
		if s.Source != nil {
			topics = s.Source.Topics
		}
		fmt.Fprintln(&got, s.Name, "|", topics, s.Inputs, s.Sends, s.Sinks, s.Stateful)
	}
	want := `in -> copy -> filter-3 | [in] [] [0] [copy] false
keyby-4 -> count -> sink-6 -> sum | [] [0] [1] [counts] true
by_length -> lengths | [] [1] [] [] true
other -> sink-11 | [a b] [] [] [copy] false
`
	if got.String() != want {
		t.Fatalf("got\n%swant\n%s", got.String(), want)
	}
}

func TestPlanStates(t *testing.T) {
	plan, err := branching().Plan()
	if err != nil {
		t.Fatal(err)
	}
	reg, _ := state.NewRegistry(nil)
	for range 2 { // the runtime may ask again
		for _, s := range plan.Stages {
			if err := s.States(reg); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got strings.Builder
	for _, d := range reg.Descriptors() {
		fmt.Fprintln(&got, d.ID, d.UID, d.Name, d.Kind, d.KeyCodec, d.ValueCodec)
	}
	want := `1 count count value string int64-be
2 sum sum value string float64-be
3 lengths count value int64-be int64-be
`
	if got.String() != want {
		t.Fatalf("got\n%swant\n%s", got.String(), want)
	}
}

// An error of open in a task, where it can't be the job's mistake any more, fails the task's start.
func TestNewReportsState(t *testing.T) {
	plan, err := branching().Plan()
	if err != nil {
		t.Fatal(err)
	}
	reg, _ := state.NewRegistry([]state.Descriptor{{ID: 1, UID: "count", Name: "count", Kind: state.KindMap, ValueCodec: "int64-be"}})
	if err := plan.Stages[1].States(reg); err == nil {
		t.Error("a state of another kind is registered")
	}
	env := &operators.Env{Parallelism: 1, MaxParallelism: 128, State: state.NewStore(nil, reg, state.Options{})}
	if _, err := plan.Stages[1].New(env); err == nil || !strings.Contains(err.Error(), `operator "count"`) {
		t.Error(err)
	}
}
