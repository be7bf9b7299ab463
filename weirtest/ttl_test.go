package weirtest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// remembering emits what it remembers of a key, and remembers a record unless that is a question: for ttl, if that is not 0.
func remembering(ttl time.Duration) *stream.Job {
	job := stream.NewJob("remember")
	in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	byKey := stream.KeyBy(in, func(v string) string { return v[:1] }, stream.UID("by_key"))
	out := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		var lives []stream.TTL
		if ttl > 0 {
			lives = append(lives, stream.TTL{After: ttl})
		}
		last := stream.ValueState(s, "last", state.String{}, lives...)
		return func(ctx *stream.Context[string, string], v string) error {
			old, ok, err := last.Get()
			if ctx.Emit(fmt.Sprint(old, ok)); err != nil || v[1:] == "?" {
				return err
			}
			return last.Set(v)
		}
	}, stream.UID("remember"))
	stream.To(out, "out", stream.AsValue(state.String{}), stream.UID("sink"))
	return job
}

func TestTTLLostAndBack(t *testing.T) {
	for name, options := range map[string][]weirtest.Option{"memory": nil, "kafka": {weirtest.ThroughKafka(2)}} {
		t.Run(name, func(t *testing.T) {
			ttl := time.Hour
			job := func() *stream.Job { return remembering(ttl) }
			h := weirtest.New(t, job, options...)
			restart := func(with, after time.Duration, record string) {
				ttl = with
				h.Restart()
				h.Advance(after)
				h.Send("in", weirtest.Value(record))
				h.Commit()
			}
			h.Send("in", weirtest.Value("a1"))
			h.Commit()
			restart(0, 2*time.Hour, "a2")
			restart(time.Hour, time.Minute, "a?") // a2 is a minute old, and has no stamp
			restart(time.Hour, 50*time.Minute, "a?")
			restart(time.Hour, 20*time.Minute, "a?") // it counts as used when it was first met
			var got []string
			for _, r := range h.Outputs("out") {
				got = append(got, string(r.Value))
			}
			if want := []string{"false", "a1true", "a2true", "a2true", "false"}; !slices.Equal(got, want) {
				t.Errorf("outputs %q, expected %q", got, want)
			}
			if name == "kafka" {
				return // a harness can't unite shards of which only some have worked
			}
			url := "file://" + t.TempDir() + "/taken"
			h.Savepoint(url) // the first stamps are of no use to anybody, and no state that a start from it could miss
			weirtest.New(t, job, append(options, weirtest.StartFrom(url))...)
		})
	}
}

// brief lets what it holds of a key expire, in both times: a value, an entry of a map for each record, and a list of all.
func brief() *stream.Job {
	job := stream.NewJob("brief")
	in := stream.From(job, stream.Topics("in"), parseBeat, stream.Watermarks(10*time.Millisecond), stream.TimestampOf(func(b beat) int64 { return b.At }), stream.UID("source"))
	byWord := stream.KeyBy(in, func(b beat) string { return b.Word }, stream.UID("by_word"), stream.Through(beatCodec{}))
	out := stream.Process(byWord, func(s *stream.Setup) stream.ProcessFunc[string, beat, string] {
		event, clock := stream.TTL{After: 100 * time.Millisecond, Domain: stream.EventTime}, stream.TTL{After: 50 * time.Millisecond}
		last := stream.ValueState(s, "last", state.Int64{}, event)
		now := stream.ValueState(s, "now", state.Int64{}, clock)
		each := stream.MapState(s, "each", state.Int64{}, state.Int64{}, event)
		all := stream.ListState(s, "all", state.Int64{}, event)
		return func(ctx *stream.Context[string, string], b beat) error {
			ctx.Emit(b.Word)
			return errors.Join(last.Set(b.At), now.Set(b.At), each.Put(b.At, b.At), all.Add(b.At))
		}
	}, stream.UID("brief"))
	stream.To(out, "out", stream.AsValue(state.String{}), stream.UID("sink"))
	return job
}

// What has expired is no difference: one run has come round to removing it, the other has not.
func TestExpiredIsNotCompared(t *testing.T) {
	weirtest.CrashEverywhere(t, brief, beatsInput, weirtest.Epochs(2), weirtest.Drain())
}
