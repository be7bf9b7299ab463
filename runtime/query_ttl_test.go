package runtime_test

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// living are the keys of a state of operator "seen" that a query would show, at the checkpoint of the view.
func living(t *testing.T, in *runtime.Instance, name string) map[string]bool {
	t.Helper()
	v, err := in.ViewState(t.Context(), "seen", name, 0, false, true)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if (v.Expired != nil) != (name != "for_ever") {
		t.Fatalf("state %s: it expires: %v", name, v.Expired != nil)
	}
	keys := map[string]bool{}
	err = v.Scan(nil, nil, func(key, _ []byte) bool {
		_, id, record, _, err := state.SplitKey(key)
		gone := false
		if err == nil && id == v.State.ID && v.Expired != nil {
			gone, err = v.Expired(key)
		}
		if err != nil {
			t.Fatal(err)
		}
		if id == v.State.ID && !gone {
			keys[string(record)] = true
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Queries show what a state with a TTL holds for its job: by the watermark of the checkpoint that they show, or by the clock.
func TestViewHidesExpired(t *testing.T) {
	t.Parallel()
	type event struct {
		At  int64
		Key string
	}
	job := stream.NewJob("seen")
	events := stream.From(job, stream.Topics("text"), func(r *stream.Record) (event, error) {
		at, key, _ := strings.Cut(string(r.Value), " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		return event{ms, key}, err
	}, stream.UID("events"), stream.Watermarks(0), stream.TimestampOf(func(e event) int64 { return e.At }))
	stream.Process(stream.KeyBy(events, func(e event) string { return e.Key }, stream.UID("by_key")), func(s *stream.Setup) stream.ProcessFunc[string, event, string] {
		byEvents := stream.ValueState(s, "by_events", state.Int64{}, stream.TTL{After: 10 * time.Second, Domain: state.EventTime})
		byClock := stream.ValueState(s, "by_clock", state.Int64{}, stream.TTL{After: 100 * time.Millisecond})
		forEver := stream.ValueState(s, "for_ever", state.Int64{})
		return func(_ *stream.Context[string, string], e event) error {
			for _, v := range []*state.Value[int64]{byEvents, byClock, forEver} {
				if err := v.Set(e.At); err != nil {
					return err
				}
			}
			return nil
		}
	}, stream.UID("seen"))
	c := newCluster(t, 1, "text")
	l := c.start(runs(t, job))
	want := map[string]map[string]bool{"by_events": {}, "for_ever": {}}
	for round, step := range []struct {
		record  string
		expired []string // by event time, when the watermark has come there
	}{{"1000 a", nil}, {"5000 b", nil}, {"12000 c", []string{"a"}}, {"15001 d", []string{"b"}}, {"90000 e", []string{"c", "d"}}} {
		c.feed("text", step.record)
		_, key, _ := strings.Cut(step.record, " ")
		want["by_events"][key], want["for_ever"][key] = true, true
		for _, k := range step.expired {
			delete(want["by_events"], k)
		}
		for name, keys := range want {
			l.until(t, fmt.Sprintf("round %d: %s with %v", round, name, keys), func(s runtime.Status) bool {
				return s.Commits > 0 && s.Ready() && maps.Equal(living(t, l.in, name), keys)
			})
		}
	}
	l.until(t, "nothing left by the clock", func(runtime.Status) bool { return len(living(t, l.in, "by_clock")) == 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
}
