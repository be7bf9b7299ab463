package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/txn"
)

// ask is a record of the tests below: how long its call takes, and how often that fails before it succeeds.
type ask struct {
	id       int
	ts       int64
	takes    time.Duration
	failures int32
}

// script is what happens to a chain: records are fed and time passes, in turns.
type script struct {
	Calls
	asks  []ask
	turns []turn
	twice bool // two such operators in a row
}

type turn struct {
	feed int // records
	wait time.Duration
}

func drawScript(t *rapid.T) script {
	s := script{twice: rapid.Bool().Draw(t, "twice")}
	s.Calls = Calls{
		Concurrency: rapid.IntRange(1, 6).Draw(t, "concurrency"), Timeout: time.Second, Attempts: 3,
		Backoff: 2 * time.Millisecond, Unordered: rapid.Bool().Draw(t, "unordered"),
	}
	for i := range rapid.IntRange(1, 30).Draw(t, "records") {
		s.asks = append(s.asks, ask{
			i, rapid.Int64Range(1, 60).Draw(t, "ts"), time.Duration(rapid.IntRange(0, 20).Draw(t, "takes")) * time.Millisecond,
			rapid.SampledFrom([]int32{0, 0, 0, 1, 2}).Draw(t, "failures"),
		})
	}
	for range rapid.IntRange(1, 12).Draw(t, "turns") {
		s.turns = append(s.turns, turn{rapid.IntRange(0, 5).Draw(t, "feed"), time.Duration(rapid.IntRange(0, 15).Draw(t, "wait")) * time.Millisecond})
	}
	return s
}

// bench runs a script on a chain and notes what is wrong.
type bench struct {
	script
	chain    *Chain
	out      []ask
	in       []int64 // of each record: the watermark that had come in before it
	latest   int64
	came     int64 // watermark in front
	told     int64 // the largest that was let through
	running  atomic.Int32
	mistakes []string
}

func (b *bench) wrong(format string, args ...any) {
	b.mistakes = append(b.mistakes, fmt.Sprintf(format, args...))
}

func (b *bench) build() {
	t := NewTask(&Env{Now: time.Now, Produce: func([]txn.Record) error { return nil }})
	failed := make([]atomic.Int32, len(b.asks))
	fn := func(ctx context.Context, a ask) (ask, error) {
		if n := b.running.Add(1); int(n) > b.Concurrency {
			b.wrong("%d calls at once", n)
		}
		defer b.running.Add(-1)
		select {
		case <-time.After(a.takes):
		case <-ctx.Done():
		}
		if failed[a.id].Add(1) <= a.failures {
			return a, errors.New("refused")
		}
		return a, nil
	}
	next := func(a ask) error {
		if t.ts != a.ts || t.origin.Offset != int64(a.id) {
			b.wrong("record %d is emitted in the place of another", a.id)
		}
		if b.told > b.in[a.id] {
			b.wrong("record %d is overtaken by watermark %d: it came in after %d", a.id, b.told, b.in[a.id])
		}
		b.out = append(b.out, a)
		return nil
	}
	push := Async(t, "ask", b.Calls, nil, fn, next)
	if b.twice {
		later := func(_ context.Context, a ask) (ask, error) { time.Sleep(a.takes / 2); return a, nil }
		push = Async(t, "first", b.Calls, nil, later, push)
	}
	push = WithEventTime(t, "time", EventTime[ask]{Of: func(a ask) int64 { return a.ts }, Watermarks: true}, push)
	b.chain = t.SourceChain(Source(t, "in", func(r *txn.Record) (ask, error) { return b.asks[r.Offset], nil }, push))
	b.latest, b.came, b.told = NoWatermark, NoWatermark, NoWatermark
}

// feed gives the next n records to the chain in one batch, which is used again afterwards.
func (b *bench) feed(n int) {
	batch := &txn.Batch{}
	for range min(n, len(b.asks)-len(b.in)) {
		id := len(b.in)
		batch.Records = append(batch.Records, txn.Record{Offset: int64(id)})
		b.in = append(b.in, b.came)
		b.latest = max(b.latest, b.asks[id].ts)
	}
	if err := b.chain.Source(batch); err != nil {
		b.wrong("%v", err)
	}
	clear(batch.Records)
	if len(batch.Records) > 0 {
		b.came = notZero(b.latest - 1)
	}
	b.progress()
}

// progress compares how far event time is let through with what records under way allow.
func (b *bench) progress() {
	wm, idle := b.chain.Behind(b.chain.Progress())
	want := b.came
	for id, in := range b.in {
		if !slices.ContainsFunc(b.out, func(a ask) bool { return a.id == id }) {
			want = min(want, in)
			if idle {
				b.wrong("idle with records under way")
			}
		}
	}
	if wm > want || !b.twice && wm != want {
		b.wrong("after %d records in and %d out the watermark is %d, want %d", len(b.in), len(b.out), wm, want)
	}
	b.told = max(b.told, wm)
}

func (b *bench) run() {
	b.build()
	for _, t := range b.turns {
		b.feed(t.feed)
		time.Sleep(t.wait)
		if at, ok := b.chain.NextTick(); ok && at <= time.Now().UnixMilli() {
			if err := b.chain.Tick(time.Now().UnixMilli()); err != nil {
				b.wrong("%v", err)
			}
		}
		b.progress()
	}
	b.feed(len(b.asks))
	if err := b.chain.Drain(); err != nil {
		b.wrong("%v", err)
	}
	if len(b.out) != len(b.asks) {
		b.wrong("%d of %d records came through", len(b.out), len(b.asks))
	}
	b.progress()
	if b.told != b.came {
		b.wrong("with nothing under way the watermark is %d, want %d", b.told, b.came)
	}
	if !b.Unordered && !slices.IsSortedFunc(b.out, func(a, b ask) int { return a.id - b.id }) {
		b.wrong("out of order: %v", b.out)
	}
}

// Whatever the calls take: every record comes through once, in its own place, in order if so wanted, and never behind a watermark that it
// was in front of.
func TestAsyncAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := &bench{script: drawScript(rt)}
		synctest.Test(t, func(*testing.T) { b.run() })
		if len(b.mistakes) > 0 {
			rt.Fatalf("%+v\n%s", b.script, strings.Join(b.mistakes, "\n"))
		}
	})
}

// asyncChain asks fn for each number that it is fed.
func asyncChain(ctx context.Context, c Calls, fn func(ctx context.Context, n int64) (int64, error)) (*Chain, *[]int64) {
	var out []int64
	t := NewTask(&Env{Now: time.Now, Context: ctx, Produce: func([]txn.Record) error { return nil }})
	push := Async(t, "ask", c, nil, fn, func(n int64) error { out = append(out, n); return nil })
	source := Source(t, "in", func(r *txn.Record) (int64, error) { return r.Offset, nil }, push)
	return t.SourceChain(source), &out
}

func numbers(n int) *txn.Batch {
	b := &txn.Batch{Partition: txn.Partition{Topic: "in", ID: 3}}
	for i := range n {
		b.Records = append(b.Records, txn.Record{Offset: int64(i)})
	}
	return b
}

// A call that can't be made is the error of its own record, wherever the task is by then.
func TestAsyncErrors(t *testing.T) {
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		fn   func(ctx context.Context, n int64) (int64, error)
		is   error
		want string
	}{
		"error":    {func(context.Context, int64) (int64, error) { return 0, refused }, refused, "failed 3 times, the last time: refused"},
		"timeout":  {func(ctx context.Context, _ int64) (int64, error) { <-ctx.Done(); return 0, ctx.Err() }, context.DeadlineExceeded, "no answer in time"},
		"deaf":     {func(context.Context, int64) (int64, error) { time.Sleep(time.Hour); return 0, nil }, context.DeadlineExceeded, "no answer in time"},
		"panic":    {func(context.Context, int64) (int64, error) { panic(refused) }, refused, ": refused"},
		"own time": {func(context.Context, int64) (int64, error) { return 0, context.DeadlineExceeded }, context.DeadlineExceeded, "last time: context"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := Calls{Concurrency: 10, Timeout: time.Second, Attempts: 3, Backoff: time.Second}
				chain, out := asyncChain(t.Context(), calls, func(ctx context.Context, n int64) (int64, error) {
					if n == 2 {
						return c.fn(ctx, n)
					}
					return n, nil
				})
				began := time.Now()
				err := chain.Source(numbers(5))
				if err == nil {
					err = chain.Drain()
				}
				var at *RecordError
				if !errors.As(err, &at) || at.UID != "ask" || at.Topic != "in" || at.Partition != 3 || at.Offset != 2 || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v", err)
				}
				if len(*out) != 2 || time.Since(began) > calls.Longest() {
					t.Errorf("%v came through, after %v", *out, time.Since(began))
				}
				synctest.Wait()
				time.Sleep(2 * time.Hour) // the deaf one
			})
		})
	}
}

// A task that waits for a call ends when its work is abandoned, and the call hears of it.
func TestAsyncAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var heard atomic.Int32
		chain, _ := asyncChain(ctx, Calls{Concurrency: 2, Timeout: time.Hour, Attempts: 9}, func(ctx context.Context, _ int64) (int64, error) {
			<-ctx.Done()
			heard.Add(1)
			return 0, ctx.Err()
		})
		time.AfterFunc(time.Second, cancel)
		if err := chain.Source(numbers(5)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if heard.Load() != 2 {
			t.Errorf("%d calls heard of it", heard.Load())
		}
	})
}

// meter counts what it hears.
type meter struct{ began, ended, retried, timedOut atomic.Int32 }

func (m *meter) CallBegan(string)    { m.began.Add(1) }
func (m *meter) CallEnded(string)    { m.ended.Add(1) }
func (m *meter) CallRetried(string)  { m.retried.Add(1) }
func (m *meter) CallTimedOut(string) { m.timedOut.Add(1) }

func TestAsyncIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &meter{}
		task := NewTask(&Env{Now: time.Now, Calls: m, Produce: func([]txn.Record) error { return nil }})
		var tries atomic.Int32
		push := Async(task, "ask", Calls{Concurrency: 1, Timeout: time.Second, Attempts: 4}, nil, func(ctx context.Context, n int64) (int64, error) {
			switch tries.Add(1) {
			case 1:
				<-ctx.Done()
				return 0, ctx.Err()
			case 2:
				return 0, errors.New("refused")
			}
			return n, nil
		}, func(int64) error { return nil })
		chain := task.SourceChain(Source(task, "in", func(r *txn.Record) (int64, error) { return r.Offset, nil }, push))
		if err := errors.Join(chain.Source(numbers(2)), chain.Drain()); err != nil {
			t.Fatal(err)
		}
		if m.began.Load() != 2 || m.ended.Load() != 2 || m.retried.Load() != 2 || m.timedOut.Load() != 1 {
			t.Errorf("began %d, ended %d, retried %d, timed out %d", m.began.Load(), m.ended.Load(), m.retried.Load(), m.timedOut.Load())
		}
	})
}

func TestLongestCall(t *testing.T) {
	for _, c := range []struct {
		calls Calls
		want  time.Duration
	}{
		{Calls{Timeout: time.Second, Attempts: 1, Backoff: time.Minute}, time.Second},
		{Calls{Timeout: time.Second, Attempts: 4, Backoff: time.Second}, 11 * time.Second},
		{Calls{Timeout: time.Second, Attempts: 3, Backoff: 50 * time.Second}, 3*time.Second + 110*time.Second},
		{Calls{Timeout: time.Second, Attempts: 3, Backoff: time.Hour}, 3*time.Second + 2*time.Hour},
	} {
		if got := c.calls.Longest(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.calls, got, c.want)
		}
	}
	if got := (Calls{Timeout: time.Hour, Attempts: 1 << 40, Backoff: time.Hour}).Longest(); got < 1<<60 {
		t.Errorf("overflow: %v", got)
	}
}
