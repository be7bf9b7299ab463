package operators

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
)

// A sink refuses what its topic does not take, and asks again before it does.
func TestSinkLimits(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	hour := now.Add(time.Hour).UnixMilli()
	for name, c := range map[string]struct {
		limits txn.Limits
		out    Output
		says   string
	}{
		"unknown":             {txn.Limits{}, Output{Value: make([]byte, 5<<20), Timestamp: 1 << 60}, ""},
		"just fits":           {txn.Limits{Bytes: 1000}, Output{Value: make([]byte, 930)}, ""},
		"a byte too much":     {txn.Limits{Bytes: 1000}, Output{Value: make([]byte, 931)}, `a record of 1001 bytes for topic "p3", which takes 1000`},
		"header":              {txn.Limits{Bytes: 1000}, Output{Headers: []txn.Header{{Key: "h", Value: make([]byte, 1000)}}}, "which takes 1000"},
		"another topic":       {txn.Limits{Bytes: 1000}, Output{Topic: "p1", Value: make([]byte, 1000)}, `topic "p1", which takes 1000`},
		"as far as it may":    {txn.Limits{After: time.Hour}, Output{Timestamp: hour}, ""},
		"too far":             {txn.Limits{After: time.Hour}, Output{Timestamp: hour + 1}, "is 1h0m0s ahead of now, and the topic takes up to 1h0m0s (message.timestamp.after.max.ms)"},
		"as old as it may be": {txn.Limits{Before: time.Minute}, Output{Timestamp: now.UnixMilli() - 60_000}, ""},
		"too old":             {txn.Limits{Before: time.Minute}, Output{Timestamp: now.UnixMilli() - 60_001}, "behind now, and the topic takes up to 1m0s (message.timestamp.before.max.ms)"},
		"no time":             {txn.Limits{Before: time.Minute, After: time.Minute}, Output{Timestamp: 0}, ""},
	} {
		l, asked := lendTopics(), 0
		l.Now = func() time.Time { return now }
		l.Limits = func(string) txn.Limits { asked++; return c.limits }
		task := NewTask(&l.Env)
		push := Sink(task, "sink", Destination{Topics: []string{"p3", "p1"}}, func(_ int, out *Output) error {
			out.Value, out.Headers, out.Timestamp, out.Topic = c.out.Value, c.out.Headers, c.out.Timestamp, "p3"
			if c.out.Topic != "" {
				out.Topic = c.out.Topic
			}
			return nil
		})
		err := push(0)
		var of *RecordError
		if c.says == "" && err != nil || c.says != "" && (!errors.As(err, &of) || of.UID != "sink" || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
		before := asked
		if c.limits = (txn.Limits{}); push(0) != nil || c.says != "" && asked == before { // the topic was changed
			t.Errorf("%s: refused after the limit is gone; asked %d times, then %d", name, before, asked)
		}
	}
}

// A result has the end of its window for a timestamp, which a drain or an early result is ahead of: the present takes its place where the topic would refuse it. What a function has
// set, or a raw record has brought, stays and is refused.
func TestSinkTimestampsAhead(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	day, hour := now.Add(24*time.Hour).UnixMilli(), now.Add(time.Hour).UnixMilli()
	l := lendTopics()
	l.Now = func() time.Time { return now }
	limits := txn.Limits{After: time.Hour}
	l.Limits = func(string) txn.Limits { return limits }
	task := NewTask(&l.Env)
	to := Destination{Topics: []string{"p3"}}
	written := func(ts int64, push func() error) (int64, error) {
		task.ts = ts
		if err := push(); err != nil {
			return 0, err
		}
		if err := task.flush(); err != nil {
			return 0, err
		}
		return l.produced[len(l.produced)-1].Timestamp, nil
	}
	result := Sink(task, "result", to, func(string, *Output) error { return nil })
	own := Sink(task, "own", to, func(_ string, out *Output) error { out.Timestamp = day + 1; return nil })
	raw := Sink(task, "raw", to, func(r *txn.Record, out *Output) error { out.Timestamp = r.Timestamp; return nil })
	for _, c := range []struct {
		name     string
		limits   txn.Limits
		ts, want int64
		push     func() error
	}{
		{"a day ahead", limits, day, now.UnixMilli(), func() error { return result("") }},
		{"as far as it may", limits, hour, hour, func() error { return result("") }},
		{"nothing is known", txn.Limits{}, day, day, func() error { return result("") }},
		{"set by the function", limits, day, 0, func() error { return own("") }},
		{"a raw record", limits, day, 0, func() error { return raw(&txn.Record{Timestamp: day}) }},
	} {
		limits = c.limits
		got, err := written(c.ts, c.push)
		if got != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
	}
	limits, task.ts, task.raw = txn.Limits{After: time.Hour}, day, &txn.Record{Timestamp: day}
	if letter, why := task.letter("p3", &RecordError{Err: errors.New("bad")}); letter.Timestamp != day || why == nil {
		t.Errorf("a dead letter: %d, %v", letter.Timestamp, why)
	}
}

// What surely fits is not asked about for each record.
func TestSinkAsksSeldom(t *testing.T) {
	l, asked := lendTopics(), 0
	l.Limits = func(string) txn.Limits { asked++; return txn.Limits{Bytes: 1000, After: time.Hour} }
	l.Now = time.Now
	push := Sink(NewTask(&l.Env), "sink", Destination{Topics: []string{"p3"}}, func(n int, out *Output) error {
		out.Value, out.Timestamp = make([]byte, n), time.Now().UnixMilli()
		if n%2 == 1 {
			out.Headers = []txn.Header{{Key: "h"}}
		}
		return nil
	})
	for n := range 900 {
		if err := push(n); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// A record that can't cross in its topic fails its operator, be it for itself or with the source record; the next one crosses.
func TestCrossingLimits(t *testing.T) {
	for _, raw := range []bool{false, true} {
		x := words()
		x.Raw = raw
		l := lend(1)
		l.Topic = func(int) string { return "repartition" }
		l.Limits = func(string) txn.Limits { return txn.Limits{Bytes: 10_000} }
		task := NewTask(&l.Env)
		if raw {
			task.KeepRaw()
		}
		var failed []error
		send := x.Send(task)
		source := Source(task, "s", value, func(v string) error {
			if err := send(v); err != nil {
				failed = append(failed, err)
			}
			return nil
		})
		records := []txn.Record{{Value: []byte("a")}, {Offset: 1, Value: make([]byte, 9999)}, {Offset: 2, Value: []byte("b"), Headers: []txn.Header{{Key: "h", Value: make([]byte, 11_000)}}}, {Offset: 3, Value: []byte("c")}}
		if err := source(&txn.Batch{Partition: txn.Partition{Topic: "in"}, Records: records}); err != nil || task.flush() != nil {
			t.Fatal(err)
		}
		want := 1
		if raw {
			want = 2
		}
		for _, err := range failed {
			var of *RecordError
			if !errors.As(err, &of) || of.UID != x.UID || !strings.Contains(err.Error(), `too large to cross in topic "repartition", which takes 10000`) {
				t.Error(err)
			}
		}
		if len(failed) != want || len(l.produced) != 1 || l.produced[0].Size() > 10_000 {
			t.Errorf("raw %v: %d failures, %d batches", raw, len(failed), len(l.produced))
		}
	}
}
