package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
)

// asking writes every record of "text" once a call for it has been answered.
func asking(fn stream.AsyncFunc[string, string], opts ...stream.Option) *stream.Job {
	job := stream.NewJob("asking")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}))
	stream.To(stream.Async(lines, fn, append(opts, stream.UID("ask"))...), "word-counts", stream.AsValue(state.String{}))
	return job
}

// seldom has barriers so far apart that none comes.
func seldom(o *runtime.Options) { o.Interval, o.TransactionTimeout = 5*time.Minute, 10*time.Minute }

// Results go on while the input pauses, and without a barrier.
func TestAsyncResultsFlow(t *testing.T) {
	slow := func(_ context.Context, v string) (string, error) {
		time.Sleep(300 * time.Millisecond)
		return v, nil
	}
	c := newCluster(t, 1, "text", "word-counts")
	l := c.start(runs(t, asking(slow)), seldom)
	c.feed("text", "0", "1", "2")
	l.until(t, "the results", func(s runtime.Status) bool { return s.RecordsOut == 3 })
	if n := l.in.Status().Commits; n > 0 {
		t.Errorf("%d commits", n)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkOnce(t, c.committed("word-counts"), 3)
}

// Calls are under way whenever a barrier comes, a commit fails and the instance comes and goes: each record is written once.
func TestAsyncAmongBarriers(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	random := func(ctx context.Context, v string) (string, error) {
		n := calls.Add(1)
		select {
		case <-time.After(time.Duration(n*37%50) * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
		if n%11 == 0 {
			return "", errors.New("refused")
		}
		return v, nil
	}
	c := newCluster(t, 3, "text", "word-counts")
	const n, lives = 1200, 3
	for life := range lives {
		job := asking(random, stream.Unordered(), stream.Retry(5, time.Millisecond))
		l := c.start(runs(t, job), func(o *runtime.Options) { o.Interval = 20 * time.Millisecond; o.TransactionTimeout = time.Minute })
		for part := range 2 {
			var lines []string
			for i := range n / lives / 2 {
				lines = append(lines, strconv.Itoa((life*2+part)*n/lives/2+i))
			}
			c.feed("text", lines...)
			c.disturb(part)
			time.Sleep(50 * time.Millisecond)
		}
		if life == lives-1 {
			l.until(t, "all written", func(runtime.Status) bool { return len(c.committed("word-counts")) >= n })
		}
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	checkOnce(t, c.committed("word-counts"), n)
}

// Event time stays behind calls under way through repartition topics as well: no word is late.
func TestAsyncBeforeRepartition(t *testing.T) {
	t.Parallel()
	job := stream.NewJob("asking")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.Watermarks(0), stream.TimestampOf(msOf))
	asked := stream.Async(lines, func(_ context.Context, v string) (string, error) {
		time.Sleep(time.Duration(msOf(v)*7%30) * time.Millisecond)
		return v, nil
	}, stream.Unordered(), stream.UID("ask"))
	late := stream.NewTag[string]("late")
	windows := stream.WindowReduce(stream.KeyBy(asked, func(string) string { return "all" }, stream.UID("together")), stream.Tumbling(100*time.Millisecond),
		state.String{}, func(a, _ string) string { return a }, stream.LateTo(late), stream.UID("windows"))
	stream.To(windows, "word-counts", func(p stream.Pane[string, string], out *stream.Output) error {
		out.Value = strconv.AppendInt(out.Buf(), p.Window.Start/100, 10)
		return nil
	})
	stream.To(stream.Side(windows, late), "word-counts", stream.AsValue(state.String{}))
	c := newCluster(t, 1, "text", "word-counts")
	l := c.start(c.many("one"), runs(t, job), func(o *runtime.Options) { o.Interval = 20 * time.Millisecond })
	const n = 200
	var words []string
	for i := range n + 1 {
		if words = append(words, strconv.Itoa(i*100+i%100)+" "); len(words) == 10 || i == n {
			c.feed("text", words...)
			words = nil
		}
	}
	l.until(t, "all windows", func(runtime.Status) bool { return len(c.committed("word-counts")) >= n })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkOnce(t, c.committed("word-counts"), n)
}

// An attempt that is given up does not wait for calls that hear nothing.
func TestAsyncStops(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	deaf := func(context.Context, string) (string, error) { <-forever; return "", nil }
	c := newCluster(t, 1, "text", "word-counts")
	l := c.start(runs(t, asking(deaf, stream.Timeout(20*time.Millisecond))))
	c.feed("text", "0")
	err := l.end(t)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `operator "ask", record text[0]@0: no answer in time`) {
		t.Errorf("got %v", err)
	}
}

// A job whose calls can outlast the transaction does not begin.
func TestAsyncTooSlowForTransaction(t *testing.T) {
	fn := func(_ context.Context, v string) (string, error) { return v, nil }
	job := asking(fn, stream.Timeout(3*time.Second), stream.Retry(3, 500*time.Millisecond))
	o := runtime.Options{Interval: time.Second, Parallelism: 1, MaxParallelism: 128, TransactionTimeout: 10 * time.Second, Guarantee: twophase.ExactlyOnce}
	runs(t, job)(&o)
	_, err := runtime.New(o)
	want := `a barrier can wait 10.5s for calls of ["ask"]`
	if !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	c := newCluster(t, 1, "text", "word-counts")
	l := c.start(runs(t, job), func(o *runtime.Options) { o.Guarantee = twophase.AtLeastOnce }) // nothing expires there
	l.until(t, "running", runtime.Status.Ready)
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkAsync: calls of 10 ms, 100 at once, on one partition. At best 10,000 records/s.
func BenchmarkAsync(b *testing.B) {
	for _, opts := range [][]stream.Option{nil, {stream.Unordered()}} {
		b.Run(fmt.Sprintf("unordered=%v", opts != nil), func(b *testing.B) {
			fn := func(_ context.Context, v string) (string, error) {
				time.Sleep(10 * time.Millisecond)
				return v, nil
			}
			c := newCluster(b, 1, "text", "word-counts")
			lines := make([]string, b.N)
			for i := range lines {
				lines[i] = strconv.Itoa(i)
			}
			c.feed("text", lines...)
			l := c.start(runs(b, asking(fn, opts...)), func(o *runtime.Options) { o.Interval = time.Second })
			l.until(b, "running", runtime.Status.Ready)
			b.ResetTimer()
			l.until(b, "all results", func(s runtime.Status) bool { return s.RecordsOut >= uint64(b.N) })
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.StopTimer()
			if err := l.stop(b); err != nil {
				b.Fatal(err)
			}
		})
	}
}
