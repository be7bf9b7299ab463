package weirtest

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// kinds is a job with states of every kind, timers, windows and event time: what a record is told shows all that its key has. A record is a key
// and a time, such as "a120".
func kinds() *stream.Job {
	job := stream.NewJob("kinds")
	text := state.String{}
	ms := func(w string) int64 { n, _ := strconv.ParseInt(w[1:], 10, 64); return n }
	words := stream.From(job, stream.Topics("in"), stream.Values(text), stream.UID("source"), stream.TimestampOf(ms), stream.Watermarks(0))
	rules := stream.Broadcast(stream.From(job, stream.Topics("rules"), stream.Values(text), stream.UID("rules")), stream.UID("all"))
	keyed := stream.KeyBy(words, func(w string) string { return w[:1] }, stream.UID("by_key"))

	seen := stream.Process(keyed, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		last := stream.ValueState(s, "last", text)
		all := stream.ListState(s, "all", text, stream.TTL{After: time.Hour})
		each := stream.MapState(s, "each", text, state.Int64{})
		sum := stream.ReducingState(s, "sum", state.Int64{}, func(a, b int64) int64 { return a + b })
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ctx.Emit(fmt.Sprintf("%s: timer of %d", ctx.Key(), t.At))
			return nil
		})
		return func(ctx *stream.Context[string, string], w string) error {
			list, err := all.Get()
			n, _, err2 := each.Get(w)
			total, _, err3 := sum.Get()
			was, _, err4 := last.Get()
			ctx.Emit(fmt.Sprintf("%s: last %s, all %v, each %d, sum %d", w, was, list, n, total))
			_, err5 := sum.Add(1)
			return errors.Join(err, err2, err3, err4, err5, last.Set(w), all.Add(w), each.Put(w, n+1), timers.Set(stream.EventTime, ms(w)+100))
		}
	}, stream.UID("seen"))
	stream.To(seen, "out", stream.AsValue(text), stream.UID("sink"))

	counts := stream.WindowAggregate(keyed, stream.Tumbling(50*time.Millisecond), stream.Aggregator[string, int64, int64]{
		Codec: state.Int64{}, New: func() int64 { return 0 }, Add: func(n int64, _ string) int64 { return n + 1 }, Result: func(n int64) int64 { return n },
		Merge: func(a, b int64) int64 { return a + b },
	}, stream.UID("window"))
	panes := stream.Map(counts, func(p stream.Pane[string, int64]) string { return fmt.Sprintf("%s: %d in a window", p.Key, p.Value) }, stream.UID("panes"))
	stream.To(panes, "out", stream.AsValue(text), stream.UID("panes_sink"))

	ruled := stream.ProcessBroadcast(keyed, rules, func(s *stream.Setup) (stream.ProcessFunc[string, string, string], stream.BroadcastFunc[string]) {
		known := stream.BroadcastState(s, "rules", text, state.Int64{})
		return func(ctx *stream.Context[string, string], w string) error {
				var names []string
				known.Range(func(name string, _ int64) bool { names = append(names, name); return true })
				ctx.Emit(fmt.Sprintf("%s: rules %v", w, names))
				return nil
			}, func(ctx *stream.BroadcastContext, r string) error {
				return known.Put(ctx, r, 1)
			}
	}, stream.UID("ruled"))
	stream.To(ruled, "out", stream.AsValue(text), stream.UID("ruled_sink"))
	return job
}

// part is what a job does from its start to its end: it commits rules before the records that are to meet them.
type part struct {
	opts    []Option
	rules   []string
	records []string
}

// play runs a part, and returns what it has written, sorted; with url it leaves a savepoint there.
func play(t *testing.T, scratch string, p part, url string) (out []string) {
	s := newSettings(p.opts)
	s.scratch = scratch
	return playAll(t, s, []part{p}, url)
}

// playAll runs parts one after the other in one process.
func playAll(t *testing.T, s settings, parts []part, url string) (out []string) {
	synctest.Test(t, func(t *testing.T) {
		w, err := newWorld(kinds, s)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.kill(Kept) }()
		err = errors.Join(w.start(), w.settle(true))
		for _, p := range parts {
			for _, records := range [][]Record{On("rules", Values(p.rules...)...), On("in", Values(p.records...)...)} {
				for i := range records {
					records[i].Partition = 0
				}
				err = errors.Join(err, w.send(records), w.settle(true))
			}
		}
		if err == nil && url != "" {
			err = w.savepoint(url)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, w.log.String())
		}
		records, err := w.sink.Records("out", true)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			out = append(out, string(r.Value))
		}
	})
	slices.Sort(out)
	return out
}

// Where a job is parted by savepoints, and under which settings the parts run, its outputs are the same: tasks, exchange, shards and key groups are no part of
// what a savepoint holds.
func TestSavepointsBetweenSettings(t *testing.T) {
	dir := t.TempDir()
	scratch := filepath.Join(dir, "scratch")
	number := 0
	settingsOf := rapid.Custom(func(t *rapid.T) []Option {
		groups := rapid.SampledFrom([]int{128, 128, 5, 300}).Draw(t, "key groups")
		opts := []Option{MaxParallelism(groups)}
		if shards := rapid.SampledFrom([]int{0, 1, 2, 5}).Draw(t, "shards"); shards > 0 {
			return append(opts, ThroughKafka(shards))
		}
		return append(opts, Parallelism(rapid.IntRange(1, 4).Draw(t, "tasks")))
	})
	rapid.Check(t, func(rt *rapid.T) {
		clock := 0
		partOf := func(opts []Option, name string) part {
			p := part{opts: opts}
			for range rapid.IntRange(0, 3).Draw(rt, "rules of "+name) {
				p.rules = append(p.rules, string(rune('r'+rapid.IntRange(0, 4).Draw(rt, "rule"))))
			}
			for range rapid.IntRange(0, 12).Draw(rt, "records of "+name) {
				clock += rapid.IntRange(0, 60).Draw(rt, "later by")
				p.records = append(p.records, fmt.Sprintf("%c%d", 'a'+rapid.IntRange(0, 3).Draw(rt, "key"), clock))
			}
			return p
		}
		var got, say []string
		before := ""
		var all []part
		for i := range rapid.IntRange(2, 3).Draw(rt, "parts") {
			p := partOf(settingsOf.Draw(rt, "settings"), fmt.Sprint("part ", i))
			all = append(all, p)
			number++
			url := fmt.Sprintf("file://%s/savepoint-%d", dir, number)
			with := p
			if before != "" {
				with.opts = append(slices.Clone(p.opts), StartFrom(before))
			}
			got = append(got, play(t, scratch, with, url)...)
			say = append(say, fmt.Sprintf("%d records", len(p.records)))
			before = url
		}
		want := playAll(t, newSettings(nil), all, "") // uninterrupted, with the settings as they are by default
		slices.Sort(got)
		if !slices.Equal(got, want) {
			rt.Fatalf("parts of %s:\n got %s\nwant %s", strings.Join(say, ", "), strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
}

// What was late stays late behind a savepoint; where sources begin elsewhere, event time begins anew.
func TestStartFromKeepsEventTime(t *testing.T) {
	url := "file://" + t.TempDir() + "/savepoint"
	scratch := filepath.Join(t.TempDir(), "scratch")
	play(t, scratch, part{records: []string{"a500", "b500", "c500", "d500"}}, url)
	for name, c := range map[string]struct {
		opts []Option
		late bool
	}{
		"memory":                   {nil, true},
		"more tasks":               {[]Option{Parallelism(3)}, true},
		"kafka":                    {[]Option{ThroughKafka(3)}, true},
		"other key groups":         {[]Option{MaxParallelism(5)}, true},
		"other key groups, shards": {[]Option{MaxParallelism(300), ThroughKafka(3)}, true},
		"begun anew":               {[]Option{RestoreOffsets(stream.Earliest())}, false},
	} {
		t.Run(name, func(t *testing.T) {
			out := play(t, scratch, part{opts: append(c.opts, StartFrom(url)), records: []string{"b100", "b200"}}, "")
			if counted := slices.Contains(out, "b: 1 in a window"); counted == c.late {
				t.Errorf("late: %v, want %v; outputs %q", !counted, c.late, out)
			}
		})
	}
}

// A partition that has no more records does not hold event time back behind a savepoint: what it said last is known to all.
func TestStartFromKnowsSilentPartitions(t *testing.T) {
	for name, opts := range map[string][]Option{"memory": nil, "kafka": {ThroughKafka(2)}, "more shards": {ThroughKafka(5)}} {
		t.Run(name, func(t *testing.T) {
			url := "file://" + t.TempDir() + "/savepoint"
			send := func(h *Harness, partition int32, value string) {
				r := Value(value)
				r.Partition = partition
				h.must(func() error { r.Topic = "in"; return h.world.send([]Record{r}) })
			}
			opts := append(opts, Partitions(2))
			h := New(t, kinds, opts...)
			send(h, 0, "a10")
			send(h, 1, "b500")
			h.Commit()
			h.Savepoint(url)
			h = New(t, kinds, append(opts, StartFrom(url))...)
			send(h, 0, "a400")
			h.Commit()
			h.Advance(time.Minute)
			h.Commit()
			var out []string
			for _, r := range h.Outputs("out") {
				out = append(out, string(r.Value))
			}
			if !slices.Contains(out, "a: timer of 110") {
				t.Errorf("outputs %q", out)
			}
		})
	}
}
