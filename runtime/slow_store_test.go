package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// trouble is a store that takes its time, or can't be reached.
type trouble struct {
	checkpoint.Store
	delay time.Duration
	away  atomic.Bool
	puts  atomic.Int64 // begun, of what checkpoints are made of
}

var errAway = fmt.Errorf("%w: out of town", checkpoint.ErrUnavailable)

func (s *trouble) wait(ctx context.Context) error {
	if s.away.Load() {
		return errAway
	}
	select {
	case <-time.After(s.delay):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *trouble) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if !strings.Contains(name, "/instances/") { // an instance may enter the register at any time
		s.puts.Add(1)
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Store.Put(ctx, name, write)
}

func (s *trouble) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, name)
}

func (s *trouble) List(ctx context.Context, prefix string) ([]checkpoint.Info, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Store.List(ctx, prefix)
}

func (s *trouble) Delete(ctx context.Context, names ...string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Store.Delete(ctx, names...)
}

// delay of each request of a slow store.
func delay() time.Duration {
	if testing.Short() {
		return 2 * time.Second
	}
	return 10 * time.Second
}

func over(s *trouble) setting {
	return func(o *runtime.Options) {
		s.Store, o.Store, o.TransactionTimeout = o.Store, s, time.Minute
		o.Interval, o.ShutdownTimeout, o.StartTimeout = 200*time.Millisecond, 14*time.Second, time.Minute
	}
}

// Requests to the store that take 10 s each make commits as slow as that, and nothing else: no epoch is given up, no record lost or doubled.
func TestSlowStoreLosesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(400)
	s := &trouble{delay: delay()}
	l := c.start(over(s))
	for i := range 2 {
		c.feed("text", lines[i*200:(i+1)*200]...)
		commits := l.in.Status().Commits
		for deadline := time.Now().Add(4*delay() + 20*time.Second); l.in.Status().Commits == commits; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no commit; status %+v", l.in.Status())
			}
		}
	}
	if n := l.in.Status().Aborts; n > 0 {
		t.Errorf("%d epochs were given up; the last error is %s", n, l.in.Status().LastError)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	s.delay = 0
	l = c.start(over(s)) // for what the last stop had no time for
	l.until(t, "the rest", func(runtime.Status) bool { return len(c.committed("word-counts")) >= sum(want) })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// While a checkpoint is being stored records are processed: those that come after the barrier are on their way before it is committed. Their outputs are held, and
// written when it is.
func TestSlowStoreDoesNotHoldProcessingUp(t *testing.T) {
	for _, sink := range []bool{false, true} {
		t.Run(fmt.Sprintf("sink=%v", sink), func(t *testing.T) {
			t.Parallel()
			whileStoring(t, sink)
		})
	}
}

func whileStoring(t *testing.T, sink bool) {
	var processed atomic.Int64
	job := stream.NewJob("counter")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}))
	counted := stream.Process(stream.KeyBy(lines, func(v string) string { return v }), func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		seen := stream.ValueState(s, "seen", state.Int64{})
		return func(c *stream.Context[string, string], v string) error {
			n, _, err := seen.Get()
			processed.Add(1)
			c.Emit(v)
			return errors.Join(err, seen.Set(n+1))
		}
	}, stream.UID("count"))
	if sink {
		stream.To(counted, "out", func(v string, out *stream.Output) error {
			out.Value = append(out.Buf(), v...)
			return nil
		})
	}

	c := newCluster(t, 2, "text", "out")
	s := &trouble{delay: delay()}
	l := c.start(over(s), runs(t, job), func(o *runtime.Options) { o.ShutdownTimeout = time.Second })
	more := func(n int) {
		var batch []string
		for i := range n {
			batch = append(batch, fmt.Sprint("k", i%50))
		}
		c.feed("text", batch...)
	}
	more(100)
	before := s.puts.Load()
	for s.puts.Load() == before { // the checkpoint with them is on its way
		time.Sleep(time.Millisecond)
	}
	commits, at, began := l.in.Status().Commits, processed.Load(), time.Now()
	more(2000)
	for processed.Load() < at+2000 && time.Since(began) < delay() {
		time.Sleep(time.Millisecond)
	}
	if n := processed.Load() - at; n < 2000 || l.in.Status().Commits != commits {
		t.Errorf("%d of 2000 records were processed while the checkpoint was being stored, in %v; commits %d, %d", n, time.Since(began), commits, l.in.Status().Commits)
	}
	t.Logf("2000 records in %v, with a request under way that takes %v", time.Since(began), s.delay)
	if err := l.stop(t); err != nil && !strings.Contains(err.Error(), "WEIR_SHUTDOWN_TIMEOUT") { // which is shorter than a request
		t.Fatal(err)
	}
}

// slowCopies is a store that takes its time for bases and savepoints, and for nothing else.
type slowCopies struct {
	checkpoint.Store
	bases, savepoints atomic.Int64 // requests under way
}

func (s *slowCopies) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	for part, n := range map[string]*atomic.Int64{"/base/": &s.bases, "/savepoint/": &s.savepoints} {
		if !strings.Contains(name, part) {
			continue
		}
		n.Add(1)
		defer n.Add(-1)
		select {
		case <-time.After(delay()):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.Store.Put(ctx, name, write)
}

// While a base and a savepoint are on their way to a store that takes 10 s for each of their files, records are processed and committed as ever; then both are there,
// and the savepoint is right.
func TestSlowStoreOfBasesAndSavepoints(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(2000)
	s := &slowCopies{}
	l := c.start(func(o *runtime.Options) {
		s.Store, o.Store, o.Bases = o.Store, s, checkpoint.BasePolicy{MinBytes: 1, MaxDeltas: 2}
	})
	fed := 0
	more := func(n int) { c.feed("text", lines[fed:fed+n]...); fed += n }
	for s.bases.Load() == 0 {
		commits := l.in.Status().Commits
		more(10)
		l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > commits })
	}
	st, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	l.until(t, "the savepoint to be written", func(runtime.Status) bool { return s.savepoints.Load() > 0 })
	began, commits := time.Now(), 0
	for fed < 1500 && s.savepoints.Load() > 0 {
		before := l.in.Status().Commits
		more(100)
		l.until(t, "a commit of all", func(s runtime.Status) bool { return s.Commits > before && s.RecordsIn == uint64(fed) })
		commits++
	}
	t.Logf("%d commits in %v, with requests under way that take %v", commits, time.Since(began), delay())
	if commits < 3 {
		t.Errorf("%d commits while the savepoint was being written", commits)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*delay())
	defer cancel()
	l.in.AwaitSavepoint(ctx)
	more(len(lines) - fed)
	l.until(t, "all", func(runtime.Status) bool { return len(c.committed("word-counts")) >= sum(want) })
	if n := l.in.Status().Aborts; n > 0 {
		t.Errorf("%d epochs were given up", n)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
	h, got := wordsIn(t, st.URL)
	if want := replayed(c.committed("text"), h); !maps.Equal(got, want) {
		t.Errorf("the savepoint holds %v, the input up to its offsets makes %v", got, want)
	}
}

// A store that is away for a while costs repeated work; for too long, it ends the instance, which says so.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(400)
	s := &trouble{}
	patient := func(failures int) setting {
		return func(o *runtime.Options) {
			o.Restart = runtime.DefaultRestartPolicy()
			o.Restart.MaxDelay, o.Restart.Attempts, o.Restart.FailedCheckpoints = 100*time.Millisecond, 1, failures
		}
	}
	l := c.start(over(s), patient(1000))
	c.feed("text", lines[:200]...)
	l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	s.away.Store(true)
	c.feed("text", lines[200:]...)
	l.until(t, "failures", func(s runtime.Status) bool { return s.Aborts > 12 })
	s.away.Store(false)
	l.until(t, "the rest", func(runtime.Status) bool { return len(c.committed("word-counts")) >= sum(want) })
	checkCounts(t, c.committed("word-counts"), want)
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	l = c.start(over(s), patient(3))
	l.until(t, "a start", func(s runtime.Status) bool { return s.Ready() })
	s.away.Store(true)
	c.feed("text", lines[:200]...)
	select {
	case err := <-l.done:
		if !errors.Is(err, errAway) || !strings.Contains(err.Error(), "WEIR_TOLERABLE_FAILED_CHECKPOINTS") {
			t.Errorf("ends with %v", err)
		}
		l.close()
	case <-time.After(20 * time.Second):
		t.Fatalf("goes on; status %+v", l.in.Status())
	}
}
