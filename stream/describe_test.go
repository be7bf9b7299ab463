package stream_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything has an operator of many a kind.
func everything() *stream.Job {
	job := stream.NewJob("everything")
	visits := stream.From(job, stream.Topics("visits", "more-visits"), stream.Values(state.String{}),
		stream.Watermarks(5*time.Second), stream.IdleAfter(time.Minute), stream.UID("visits"))
	bad := stream.NewTag[string]("bad \"ones\"")
	good := stream.Split(visits, func(s *stream.Setup) stream.SplitFunc[string, string] {
		stream.SideOutput(s, bad)
		return same
	}, stream.UID("split"))
	asked := stream.Async(good, func(_ context.Context, v string) (string, error) { return v, nil },
		stream.Unordered(), stream.Timeout(time.Second), stream.Retry(3, time.Second), stream.UID("ask"))
	stream.To(stream.Side(good, bad), "bad", stream.AsValue(state.String{}), stream.UID("write_bad"))
	key := func(v string) string { return v }
	byKey := stream.KeyBy(asked, key, stream.UID("by_visitor"))
	seen := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		stream.ValueState(s, "last", state.String{}, stream.TTL{After: time.Hour, OnRead: true})
		stream.ListState(s, "all", state.Int64{}, stream.TTL{After: time.Minute, Domain: stream.EventTime})
		stream.MapState(s, "pages", state.String{}, state.Int64{})
		stream.OnTimer(s, func(*stream.Context[string, string], stream.Timer) error { return nil })
		return func(*stream.Context[string, string], string) error { return nil }
	}, stream.UID("seen"))
	perHour := stream.WindowReduce(seen, stream.Tumbling(time.Hour).AllowLateness(time.Minute), state.String{}, func(a, _ string) string { return a }, stream.UID("per_hour"))
	stream.To(perHour, "hours", func(stream.Pane[string, string], *stream.Output) error { return nil })
	other := stream.From(job, stream.Topics("other"), stream.Values(state.String{}))
	again := stream.KeyByCodec(stream.Union(other, stream.Side(good, bad)), func(string) int64 { return 0 }, state.Int64{}, stream.UID("again"))
	stream.To(stream.Count(again, stream.UID("count")), "visits", stream.AsPair(state.Int64{}, state.Int64{}), stream.UID("write_counts"))
	return job
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (go test ./stream -update rewrites it); got:\n%s", file, got)
	}
}

func TestDescribe(t *testing.T) {
	job := everything()
	g, err := job.Describe()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "graph.txt", g.String())
	golden(t, "graph.dot", g.DOT())
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "graph.json", string(b)+"\n")
	// Describing changes nothing.
	again, err := job.Describe()
	if _, planErr := job.Plan(); err != nil || planErr != nil || again.String() != g.String() {
		t.Error(err, planErr, again)
	}
}

// The graph says what the plan says.
func TestDescribeAgreesWithPlan(t *testing.T) {
	job := everything()
	g, err := job.Describe()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := job.Plan()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range plan.Stages {
		for _, name := range g.Stages[i].Operators {
			if !strings.Contains(s.Name, name) {
				t.Errorf("stage %d is %q, which has no %q", i, s.Name, name)
			}
		}
		if want := strings.Count(s.Name, " -> ") + strings.Count(s.Name, " + ") + 1; len(g.Stages[i].Operators) != want {
			t.Errorf("stage %d is %q, the graph has %q", i, s.Name, g.Stages[i].Operators)
		}
	}
}

func ExampleJob_Describe() {
	job := stream.NewJob("payments-per-payer")
	counts := stream.Count(byPayer(job), stream.UID("count"))
	stream.To(counts, "counts", stream.AsPair(state.String{}, state.Int64{}), stream.UID("write"))
	g, err := job.Describe()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(g)
	// Output:
	// job payments-per-payer
	//
	// stage 0: a task for each partition
	//   source-1 (source)
	//       reads payments
	//   → exchange 0 by "keyby-2" (string) to stage 1
	//
	// stage 1: WEIR_PARALLELISM tasks, each for a range of keys, behind exchange 0
	//   keyby-2 (keyby) of source-1
	//   count (count) of keyby-2
	//       state "count": value of int64-be, by key (string)
	//   write (sink) of count
	//       writes counts
}

func TestDescribeNeedsCorrectJob(t *testing.T) {
	job := stream.NewJob("j")
	words(job)
	if _, err := job.Describe(); err == nil || !strings.Contains(err.Error(), "nothing consumes its output") {
		t.Error(err)
	}
}
