package stream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
)

// stages shows a plan.
func stages(t *testing.T, j *Job) string {
	t.Helper()
	plan, err := j.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range plan.Stages {
		fmt.Fprintln(&b, s.UID, "|", s.Name, "|", s.Inputs, s.Sends)
	}
	return b.String()
}

func wantStages(t *testing.T, j *Job, want string) {
	t.Helper()
	if got := stages(t, j); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func timedFrom(j *Job, topic string) Stream[string] {
	return From(j, Topics(topic), text, UID(topic), Watermarks(0))
}

func keyedFrom(j *Job, topic string) *Keyed[string, string] {
	return KeyBy(timedFrom(j, topic), self, UID("by_"+topic))
}

var glued = InnerJoin(func(l, r string) string { return l + r })

func windowsTogether(l, r *Keyed[string, string], uid string, opts ...Option) *Keyed[string, Pane[string, string]] {
	return WindowJoin(l, r, Tumbling(time.Second), state.String{}, state.String{}, glued, append(opts, UID(uid))...)
}

func intervals(l, r *Keyed[string, string], uid string) *Keyed[string, string] {
	return IntervalJoin(l, r, 0, time.Second, state.String{}, state.String{}, func(l, r string) string { return l + r }, UID(uid))
}

// The keyBys of a join share a stage.
func TestPlanJoin(t *testing.T) {
	j := NewJob("join")
	intervals(keyedFrom(j, "a"), keyedFrom(j, "b"), "ab")
	wantStages(t, j, `a | a | [] [0]
b | b | [] [1]
by_a | by_a + by_b -> ab | [0 1] []
`)
}

// A stream joined with itself needs one keyBy, and each record comes twice.
func TestPlanSelfJoin(t *testing.T) {
	j := NewJob("self")
	a := keyedFrom(j, "a")
	intervals(a, a, "aa")
	wantStages(t, j, `a | a | [] [0]
by_a | by_a -> aa | [0] []
`)
}

// Joins of joins stay in one stage as long as the key does.
func TestPlanThreeWayJoin(t *testing.T) {
	j := NewJob("three")
	ab := intervals(keyedFrom(j, "a"), keyedFrom(j, "b"), "ab")
	intervals(ab, keyedFrom(j, "c"), "abc")
	wantStages(t, j, `a | a | [] [0]
b | b | [] [1]
c | c | [] [2]
by_a | by_a + by_b + by_c -> ab -> abc | [0 1 2] []
`)
}

// A keyBy that two joins read brings all of theirs together; a stage may come after one that was begun later.
func TestPlanSharedKeyBy(t *testing.T) {
	j := NewJob("shared")
	a := keyedFrom(j, "a")
	intervals(a, keyedFrom(j, "b"), "ab")
	counts := Count(KeyBy(timedFrom(j, "c"), func(v string) string { return v[:1] }, UID("first")), UID("count"))
	intervals(a, KeyBy(Map(counts, func(c KV[string, int64]) string { return c.Key }), self, UID("by_c")), "ac")
	wantStages(t, j, `a | a | [] [0]
b | b | [] [1]
c | c | [] [2]
first | first -> count -> map-9 | [2] [3]
by_a | by_a + by_b + by_c -> ab -> ac | [0 1 3] []
`)
}

// A broadcast is an input like a keyBy, but does not name the stage, even if it is there first.
func TestPlanBroadcast(t *testing.T) {
	j := NewJob("rules")
	rules := Broadcast(timedFrom(j, "rules"), UID("to_all"))
	out := judge(keyedFrom(j, "a"), rules, "judge")
	judge(intervals(out, keyedFrom(j, "b"), "ab"), rules, "again")
	wantStages(t, j, `rules | rules | [] [0]
a | a | [] [1]
b | b | [] [2]
by_a | by_a + by_b + to_all -> judge -> ab -> again | [0 1 2] []
`)
}

func judge(s *Keyed[string, string], rules *Broadcasted[string], uid string) *Keyed[string, string] {
	return ProcessBroadcast(s, rules, func(s *Setup) (ProcessFunc[string, string, string], BroadcastFunc[string]) {
		BroadcastState(s, "rules", state.String{}, state.Bool{})
		return func(ctx *Context[string, string], v string) error { ctx.Emit(v); return nil },
			func(*BroadcastContext, string) error { return nil }
	}, UID(uid))
}

func TestJoinPlanErrors(t *testing.T) {
	number := Joiner[string, string, string]{Both: func(l, r string) string { return l + r }, Right: self}
	for want, build := range map[string]func(j *Job){
		`operator "j": its streams are keyed by different codecs, "string" and "json"`: func(j *Job) {
			intervals(keyedFrom(j, "a"), KeyByCodec(timedFrom(j, "b"), self, state.JSON[string]{}), "j")
		},
		`operator "intervaljoin-5": it keeps state and needs a uid`: func(j *Job) { intervals(keyedFrom(j, "a"), keyedFrom(j, "b"), "") },
		`operator "intervaljoin-3": it takes streams of two jobs`:   func(j *Job) { intervals(keyedFrom(j, "a"), keyedFrom(NewJob("x"), "b"), "") },
		`stage "by_a + by_b -> aa -> map-4 -> ab" joins a stream with one that is made of it behind another KeyBy; give the join a KeyBy or Broadcast of its own`: func(j *Job) {
			a := keyedFrom(j, "a")
			b := KeyBy(Map(intervals(a, a, "aa"), self), self, UID("by_b"))
			intervals(a, b, "ab")
		},
		`operator "j": its interval is empty: the lower bound is 2s, the upper one 1s`: func(j *Job) {
			IntervalJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), 2*time.Second, time.Second, state.String{}, state.String{}, func(l, _ string) string { return l }, UID("j"))
		},
		`operator "j": its interval is from 1µs to 1s: want whole milliseconds`: func(j *Job) {
			IntervalJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), time.Microsecond, time.Second, state.String{}, state.String{}, func(l, _ string) string { return l }, UID("j"))
		},
		`operator "j": its codec is nil`: func(j *Job) {
			JoinTables(Table(j, Topics("a"), state.String{}, state.String{}), Table(j, Topics("b"), state.String{}, state.String{}), state.String{}, nil, glued, UID("j"))
		},
		`operator "j": its function is nil`: func(j *Job) {
			WindowJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), Tumbling(time.Second), state.String{}, state.String{}, LeftJoin[string, string, string](nil), UID("j"))
		},
		`operator "j": it goes by event time, but source "b" has no watermarks`: func(j *Job) {
			intervals(keyedFrom(j, "a"), KeyBy(From(j, Topics("b"), text, UID("b")), self), "j")
		},
		`operator "j": a join can't have count windows`: func(j *Job) {
			WindowJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), CountWindows(2), state.String{}, state.String{}, glued, UID("j"))
		},
		`operator "j": early results are not for joins`: func(j *Job) {
			WindowJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), Tumbling(time.Second).Early(time.Second), state.String{}, state.String{}, glued, UID("j"))
		},
		`operator "j": allowed lateness is not for joins in sessions`: func(j *Job) {
			WindowJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), Session(time.Second).AllowLateness(time.Second), state.String{}, state.String{}, glued, UID("j"))
		},
		`operator "j": allowed lateness is for inner joins`: func(j *Job) {
			WindowJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), Tumbling(time.Second).AllowLateness(time.Second), state.String{}, state.String{}, number, UID("j"))
		},
		`operator "j": LateTo is for operators with one input: a join has LateLeft and LateRight`: func(j *Job) {
			windowsTogether(keyedFrom(j, "a"), keyedFrom(j, "b"), "j", LateTo(NewTag[string]("late")))
		},
		`operator "j": the tag of LateRight is of another type`: func(j *Job) {
			windowsTogether(keyedFrom(j, "a"), keyedFrom(j, "b"), "j", LateRight(NewTag[int]("late")))
		},
		`operator "j": LateLeft and LateRight are for event time`: func(j *Job) {
			WindowJoin(keyedFrom(j, "a"), keyedFrom(j, "b"), Tumbling(time.Second).ProcessingTime(), state.String{}, state.String{}, glued, UID("j"), LateLeft(NewTag[string]("late")))
		},
		`operator "c": LateLeft and LateRight are options of WindowJoin and IntervalJoin`: func(j *Job) {
			Count(keyedFrom(j, "a"), UID("c"), LateLeft(NewTag[string]("late")))
		},
		`operator "c": TableTTL is an option of JoinTable`: func(j *Job) { Count(keyedFrom(j, "a"), UID("c"), TableTTL(TTL{After: time.Hour})) },
		`operator "j": a stream and a table have no outer join`: func(j *Job) {
			JoinTable(keyedFrom(j, "a"), Table(j, Topics("t"), state.String{}, state.String{}), state.String{}, number, UID("j"))
		},
		`operator "j": the TTL is 0s`: func(j *Job) {
			JoinTable(keyedFrom(j, "a"), Table(j, Topics("t"), state.String{}, state.String{}), state.String{}, glued, UID("j"), TableTTL(TTL{}))
		},
		`operator "p": BroadcastState is for ProcessBroadcast`: func(j *Job) {
			Process(keyedFrom(j, "a"), func(s *Setup) ProcessFunc[string, string, string] {
				BroadcastState(s, "rules", state.String{}, state.Bool{})
				return func(*Context[string, string], string) error { return nil }
			}, UID("p"))
		},
		`operator "p": open returned no function`: func(j *Job) {
			ProcessBroadcast(keyedFrom(j, "a"), Broadcast(timedFrom(j, "r")), func(*Setup) (ProcessFunc[string, string, string], BroadcastFunc[string]) {
				return func(*Context[string, string], string) error { return nil }, nil
			}, UID("p"))
		},
		`operator "broadcast-2": a *stream.Record is reused`: func(j *Job) {
			Broadcast(From(j, Topics("r"), Raw, UID("r")))
		},
		`operator "to_all": nothing consumes its output`: func(j *Job) { Broadcast(timedFrom(j, "r"), UID("to_all")) },
	} {
		j := NewJob("job")
		build(j)
		if _, err := j.Plan(); err == nil || !strings.HasPrefix(err.Error(), `job "job": `) || !strings.Contains(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// Windows behind a lookup need the watermarks of what they get records from, not those of tables and rules.
func TestPlanLookupsNeedNoWatermarks(t *testing.T) {
	j := NewJob("lookups")
	text := state.String{}
	rules := Broadcast(From(j, Topics("rules"), Values(text)))
	known := JoinTable(judge(keyedFrom(j, "a"), rules, "judge"), Table(j, Topics("rows"), text, text), text, glued, UID("known"))
	WindowReduce(known, Tumbling(time.Second), text, func(acc, _ string) string { return acc }, UID("windows"))
	plan, err := j.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var timed []string
	for _, s := range plan.Stages {
		if s.EventTime {
			timed = append(timed, s.UID)
		}
	}
	if len(timed) != 2 || timed[0] != "a" || timed[1] != "by_a" { // not the rules, nor the rows
		t.Errorf("watermarks come from %q", timed)
	}
}
