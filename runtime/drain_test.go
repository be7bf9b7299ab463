package runtime_test

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// hourly counts the records of each hour by their timestamps: nothing comes out before the hour has ended.
func hourly(t testing.TB) setting {
	job := stream.NewJob("hourly")
	lines := stream.From(job, stream.Topics("text"), func(r *stream.Record) (string, error) { return string(r.Value), nil }, stream.Watermarks(time.Second), stream.UID("lines"))
	byLine := stream.KeyBy(lines, func(s string) string { return s }, stream.UID("by_line"))
	first := stream.WindowReduce(byLine, stream.Tumbling(time.Hour), state.String{}, func(a, _ string) string { return a }, stream.UID("hours"))
	stream.To(stream.Map(first, func(p stream.Pane[string, string]) string { return p.Value }), "word-counts", stream.AsValue(state.String{}))
	return runs(t, job)
}

// TestDrain: all windows fire before the job stops, and the savepoint says that event time begins anew behind it.
func TestDrain(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	c.feed("text", "a", "b", "a", "a")
	l := c.start(hourly(t))
	l.until(t, "all records", read(4))
	if out := c.committed("word-counts"); len(out) != 0 {
		t.Fatalf("%d windows have fired", len(out))
	}
	st, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "drained", Stop: true, Drain: true})
	if err != nil {
		t.Fatal(err)
	}
	l.ended(t)
	l.close()
	if out := c.committed("word-counts"); len(out) != 2 {
		t.Errorf("%d windows have fired, expected those of a and b", len(out))
	}
	sp, err := snapshot.OpenURL(t.Context(), st.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	if h := sp.Header(); !h.Drained || len(h.Watermarks) == 0 || h.Sources[0].Watermark <= 0 || h.Sources[0].Watermark == math.MaxInt64 || h.Entries() != 0 {
		t.Errorf("%+v", h)
	}
	// Under its own id the job goes on as after any stop: what comes for the same hours is in time, in windows of their own.
	c.feed("text", "a", "c")
	l = c.start(hourly(t))
	l.until(t, "two more records", read(2))
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "again", Stop: true, Drain: true}); err != nil {
		t.Fatal(err)
	}
	l.ended(t)
	l.close()
	if out := c.committed("word-counts"); len(out) != 4 {
		t.Errorf("%d windows have fired, expected two more", len(out))
	}
}

// TestDrainFiresTheClock: windows and timers that wait for the clock fire too, in a job without event time; what these set is in the savepoint.
func TestDrainFiresTheClock(t *testing.T) {
	job := stream.NewJob("clock")
	lines := stream.From(job, stream.Topics("text"), func(r *stream.Record) (string, error) { return string(r.Value), nil }, stream.UID("lines"))
	byLine := stream.KeyBy(lines, func(s string) string { return s }, stream.UID("by_line"))
	again := stream.Process(byLine, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		var timers *stream.Timers
		timers = stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ctx.Emit(ctx.Key())
			return timers.Set(stream.ProcessingTime, t.At+time.Hour.Milliseconds())
		})
		return func(ctx *stream.Context[string, string], _ string) error {
			return timers.Set(stream.ProcessingTime, ctx.Now().Truncate(time.Hour).Add(2*time.Hour).UnixMilli())
		}
	}, stream.UID("again"))
	all := stream.KeyBy(again, func(string) string { return "all" }, stream.UID("by_all"))
	day := stream.WindowReduce(all, stream.Tumbling(24*time.Hour).ProcessingTime(), state.String{}, func(a, b string) string { return min(a, b) + max(a, b) }, stream.UID("days"))
	stream.To(stream.Map(day, func(p stream.Pane[string, string]) string { return p.Value }), "word-counts", stream.AsValue(state.String{}))
	c := newCluster(t, 2, "text", "word-counts")
	c.feed("text", "a", "b")
	l := c.start(runs(t, job))
	l.until(t, "all records", read(2))
	st, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "drained", Stop: true, Drain: true})
	if err != nil {
		t.Fatal(err)
	}
	l.ended(t)
	l.close()
	if out := c.committed("word-counts"); len(out) != 1 || string(out[0].Value) != "ab" {
		t.Errorf("%d windows have fired, expected one with a and b", len(out))
	}
	sp, err := snapshot.OpenURL(t.Context(), st.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	if h := sp.Header(); !h.Drained || h.Entries() != 2 {
		t.Errorf("expected the two timers that were set by timers, got %d entries: %+v", h.Entries(), h)
	}
}

// tally is how often a word was in an hour.
type tally struct {
	Word string
	N    int64
}

// tallies counts words in hours of event time, and these counts, by the length of the word, in days of the clock: without a drain nothing comes out.
func tallies(more ...stream.Option) *stream.Job {
	return shakenTallies(func(float64) {}, stream.Tumbling(time.Hour), append(more, stream.Watermarks(time.Second))...)
}

// shakenTallies is tallies with a function to be called in its own, with the odds of something happening.
func shakenTallies(shake func(odds float64), hourly stream.Windows, options ...stream.Option) *stream.Job {
	job := stream.NewJob("wordcount")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), append(options, stream.UID("lines"))...)
	words := stream.FlatMap(lines, func(l string, emit func(string)) {
		for _, w := range strings.Fields(l) {
			emit(w)
		}
	}, stream.UID("words"))
	byWord := stream.KeyBy(words, func(w string) string { return w }, stream.Through(state.String{}), stream.UID("by_word"))
	hours := stream.WindowAggregate(byWord, hourly, stream.Aggregator[string, int64, int64]{
		Codec: state.Int64{}, New: func() int64 { return 0 },
		Add: func(acc int64, _ string) int64 { shake(1e-3); return acc + 1 }, Result: func(acc int64) int64 { return acc },
	}, stream.UID("hours"))
	counts := stream.Map(hours, func(p stream.Pane[string, int64]) tally { shake(0.1); return tally{p.Key, p.Value} }, stream.UID("tallies"))
	byLength := stream.KeyBy(counts, func(c tally) string { return fmt.Sprint(len(c.Word)) }, stream.Through(state.JSON[tally]{}), stream.UID("by_length"))
	days := stream.WindowReduce(byLength, stream.Tumbling(24*time.Hour).ProcessingTime(), state.JSON[tally]{}, func(a, b tally) tally { return tally{N: a.N + b.N} }, stream.UID("days"))
	stream.To(days, "word-counts", func(p stream.Pane[string, tally], out *stream.Output) error {
		out.Key, out.Value = []byte(p.Key), fmt.Append(nil, p.Value.N)
		return nil
	})
	return job
}

// tallied sums up what tallies has written.
func tallied(t testing.TB, records []*kgo.Record) map[string]int64 {
	t.Helper()
	sums := map[string]int64{}
	for _, r := range records {
		n, err := strconv.ParseInt(string(r.Value), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sums[string(r.Key)] += n
	}
	return sums
}

// lengths is what tallies makes of the input up to a savepoint's positions when every window has fired.
func lengths(records []*kgo.Record, h snapshot.Header) map[string]int64 {
	sums := map[string]int64{}
	for word, n := range replay(records, h.Sources) {
		sums[fmt.Sprint(len(word))] += n
	}
	return sums
}

// TestDrainInstances: one of two instances is asked, under load; the end goes through both stages of both, all of them stop, and what has come out is just what the
// input up to the savepoint makes with every window closed. The job can go on after that, and be drained again.
func TestDrainInstances(t *testing.T) {
	c := newCluster(t, 4, "text", "word-counts")
	lines, _ := text(600)
	for round := range 2 {
		one, two := c.start(c.many("one"), runs(t, tallies())), c.start(c.many("two"), runs(t, tallies()))
		for _, l := range []*life{one, two} {
			l.until(t, "a share of the work", func(s runtime.Status) bool { return s.Partitions >= 4 && s.Phase == runtime.PhaseRunning })
		}
		c.feed("text", lines[300*round:300*round+300]...)
		for _, l := range []*life{one, two} {
			l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
		}
		st, err := two.in.StartSavepoint(runtime.SavepointRequest{Name: fmt.Sprint("drained", round), Stop: true, Drain: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []*life{one, two} {
			l.ended(t)
		}
		sp, err := snapshot.OpenURL(t.Context(), st.URL)
		if err != nil {
			t.Fatal(err)
		}
		h := sp.Header()
		if err := sp.Close(); err != nil {
			t.Fatal(err)
		}
		if !h.Drained || h.Entries() != 0 || len(h.Sources) != 4 || h.Sources[0].Watermark == math.MaxInt64 {
			t.Errorf("%+v", h)
		}
		if got, want := tallied(t, c.committed("word-counts")), lengths(c.committed("text"), h); !maps.Equal(got, want) {
			t.Errorf("round %d: got %v, want %v", round, got, want)
		}
	}
}
