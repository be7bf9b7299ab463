package runtime_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// runs is a setting that replaces the cluster's job.
func runs(t testing.TB, job *stream.Job) setting {
	t.Helper()
	plan, err := job.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return func(o *runtime.Options) { o.Plan = plan }
}

// reminders writes every record of "text" when it has been there for a while: "wait id" waits that many ms.
func reminders() *stream.Job {
	type note struct {
		ID   string
		Wait int64
	}
	job := stream.NewJob("reminders")
	notes := stream.From(job, stream.Topics("text"), func(r *stream.Record) (note, error) {
		wait, id, _ := strings.Cut(string(r.Value), " ")
		ms, err := strconv.ParseInt(wait, 10, 64)
		return note{id, ms}, err
	})
	byKey := stream.KeyBy(notes, func(n note) string { return n.ID[len(n.ID)-1:] })
	due := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, note, string] {
		waiting := stream.MapState(s, "waiting", state.Int64{}, state.JSON[[]string]{})
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ids, _, err := waiting.Get(t.At)
			for _, id := range ids {
				ctx.Emit(id)
			}
			if err != nil {
				return err
			}
			return waiting.Delete(t.At)
		})
		return func(ctx *stream.Context[string, string], n note) error {
			at := ctx.Now().UnixMilli() + n.Wait
			ids, _, err := waiting.Get(at)
			if err == nil {
				err = waiting.Put(at, append(ids, n.ID))
			}
			if err != nil {
				return err
			}
			return timers.Set(stream.ProcessingTime, at)
		}
	}, stream.UID("reminders"))
	stream.To(due, "word-counts", stream.AsValue(state.String{}))
	return job
}

// checkOnce: every id was written once.
func checkOnce(t testing.TB, records []*kgo.Record, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, r := range records {
		seen[string(r.Value)]++
	}
	for i := range n {
		if id := fmt.Sprint(i); seen[id] != 1 {
			t.Errorf("id %s came %d times", id, seen[id])
		}
	}
	if len(records) != n {
		t.Errorf("%d records, want %d", len(records), n)
	}
}

func written(n int) func(runtime.Status) bool {
	return func(s runtime.Status) bool {
		return s.RecordsOut >= uint64(n) && time.Since(s.LastCommit) > 200*time.Millisecond
	}
}

// Timers outlive a restart, with local state and from the store alone, and fire once, late and without any record to wake them. What
// they do is committed.
func TestTimersFireAfterRestart(t *testing.T) {
	t.Parallel()
	for _, local := range []bool{true, false} {
		t.Run(fmt.Sprintf("local=%v", local), func(t *testing.T) {
			c := newCluster(t, 2, "text", "word-counts")
			var lines []string
			for i := range 100 {
				lines = append(lines, fmt.Sprintf("%d %d", 1500+i%7*150, i))
			}
			c.feed("text", lines...)
			l := c.start(runs(t, reminders()))
			l.until(t, "a commit of all", func(s runtime.Status) bool {
				return s.RecordsIn == 100 && time.Since(s.LastCommit) < time.Second && s.Commits > 0
			})
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			if n := len(c.committed("word-counts")); n != 0 {
				t.Fatalf("%d fired too early", n)
			}
			if !local {
				c.dropLocalState()
			}
			time.Sleep(time.Second) // some are overdue by now
			l = c.start(runs(t, reminders()))
			l.until(t, "all timers fired", written(100))
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			checkOnce(t, c.committed("word-counts"), 100)
			l = c.start(runs(t, reminders())) // nothing is left
			l.until(t, "running", runtime.Status.Ready)
			time.Sleep(200 * time.Millisecond)
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			checkOnce(t, c.committed("word-counts"), 100)
		})
	}
}

// Timers fire among records and barriers, while commits fail and the instance comes and goes: each once.
func TestTimersAmongBarriers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, "text", "word-counts")
	const n, lives = 1800, 3
	for life := range lives {
		l := c.start(runs(t, reminders()), func(o *runtime.Options) { o.Interval = 20 * time.Millisecond })
		for part := range 3 {
			var lines []string
			for i := range n / lives / 3 {
				id := (life*3+part)*n/lives/3 + i
				lines = append(lines, fmt.Sprintf("%d %d", id*37%500, id))
			}
			c.feed("text", lines...)
			c.disturb(part)
			time.Sleep(100 * time.Millisecond)
		}
		l.until(t, "this life's records read", read(n/lives))
		if life == lives-1 {
			l.until(t, "no timer left", func(s runtime.Status) bool { return len(c.committed("word-counts")) >= n })
		}
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	checkOnce(t, c.committed("word-counts"), n)
}

// What has expired is removed from committed state, though no record comes any more.
func TestExpiredStateIsRemoved(t *testing.T) {
	t.Parallel()
	job := stream.NewJob("expire")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}))
	stream.Process(stream.KeyBy(lines, func(v string) string { return v }), func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		seen := stream.ValueState(s, "seen", state.Bool{}, stream.TTL{After: 200 * time.Millisecond})
		return func(_ *stream.Context[string, string], _ string) error { return seen.Set(true) }
	}, stream.UID("expire"))
	c := newCluster(t, 1, "text", "word-counts")
	lifeWith, _ := text(50)
	c.feed("text", lifeWith...)
	var backend state.Backend
	l := c.start(runs(t, job), func(o *runtime.Options) { backend = o.Backend })
	left := func() (n int) {
		if err := backend.Scan(nil, nil, func(_, _ []byte) bool { n++; return true }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	l.until(t, "state in the backend", func(runtime.Status) bool { return left() > 0 })
	l.until(t, "nothing left", func(runtime.Status) bool { return left() == 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
}

// perSecond counts "ms word" in windows of a second, of event time; late words go to "late".
func perSecond() *stream.Job { return perSecondOf(stream.Topics("text")) }

func perSecondOf(from stream.Subscription, opts ...stream.Option) *stream.Job {
	type word struct {
		At int64
		W  string
	}
	job := stream.NewJob("per-second")
	opts = append(opts, stream.UID("words"), stream.Watermarks(0), stream.TimestampOf(func(w word) int64 { return w.At }))
	words := stream.From(job, from, func(r *stream.Record) (word, error) {
		at, w, _ := strings.Cut(string(r.Value), " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		return word{ms, w}, err
	}, opts...)
	late := stream.NewTag[word]("late")
	counts := stream.WindowAggregate(stream.KeyBy(words, func(w word) string { return w.W }, stream.UID("by_word"), stream.Through(state.JSON[word]{})), stream.Tumbling(time.Second),
		stream.Aggregator[word, int64, int64]{
			Codec: state.Int64{}, New: func() int64 { return 0 },
			Add: func(acc int64, _ word) int64 { return acc + 1 }, Result: func(acc int64) int64 { return acc },
		}, stream.UID("count"), stream.LateTo(late))
	stream.To(counts, "word-counts", func(p stream.Pane[string, int64], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s %d %d", p.Key, p.Window.Start, p.Value)
		return nil
	})
	stream.To(stream.Side(counts, late), "word-counts", func(w word, out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "late %s %d", w.W, w.At)
		return nil
	})
	return job
}

// Event time goes on after a restart where it was: windows that are open stay open, what was late stays late, also with another
// parallelism.
func TestWatermarksSurviveRestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, "text", "word-counts")
	step := func(parallelism, out int, lines ...string) {
		t.Helper()
		c.feed("text", lines...)
		l := c.start(runs(t, perSecond()), func(o *runtime.Options) { o.Parallelism = parallelism })
		l.until(t, "the records", func(s runtime.Status) bool {
			return s.RecordsIn == uint64(len(lines)) && s.RecordsOut == uint64(out) && time.Since(s.LastCommit) < 10*time.Second && s.Lag == 0
		})
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	step(2, 2, "100 a", "200 b", "300 a", "1500 c", "1600 a")
	step(3, 1, "400 a") // late: the window has emitted before the restart
	step(1, 2, "1999 a", "2000 b")
	var got []string
	for _, r := range c.committed("word-counts") {
		got = append(got, string(r.Value))
	}
	if len(got) != 5 || got[2] != "late a 400" {
		t.Fatal(got)
	}
	for _, want := range []string{"a 0 2", "b 0 1", "late a 400", "a 1000 2", "c 1000 1"} {
		if !strings.Contains(strings.Join(got, "|"), want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}
