package runtime_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
)

// TestSavepointOfStopped: it is what a savepoint of the running job would be, under both exchanges.
func TestSavepointOfStopped(t *testing.T) {
	for _, exchange := range []string{"memory", checkpoint.ExchangeKafka} {
		t.Run(exchange, func(t *testing.T) {
			c := newCluster(t, 3, "text", "word-counts")
			lines, want := text(600)
			c.feed("text", lines...)
			var settings []setting
			if exchange == checkpoint.ExchangeKafka {
				settings = append(settings, c.many("one"))
			}
			l := c.start(settings...)
			l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
			if _, err := runtime.SavepointOfStopped(t.Context(), l.o, runtime.SavepointRequest{}, nil); !errors.Is(err, runtime.ErrOccupied) {
				t.Errorf("of a running job: %v", err)
			}
			c.awaitOutputs("word-counts", want)
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			var done, total int64
			st, err := runtime.SavepointOfStopped(t.Context(), l.o, runtime.SavepointRequest{Name: "stopped"}, func(d, n int64) { done, total = d, n })
			if err != nil || done != 128 || total != 128 || st.State != runtime.SavepointDone {
				t.Fatalf("%+v, %v, %d of %d", st, err, done, total)
			}
			h, got := wordsIn(t, st.URL)
			if again := replayed(c.committed("text"), h); !maps.Equal(got, want) || !maps.Equal(again, want) {
				t.Errorf("got %v; replayed %v; want %v", got, again, want)
			}
			if len(h.Sources) != 3 || h.Sources[0].Operator != "kafka_source" || len(h.States) != 1 || exchange == checkpoint.ExchangeKafka && len(h.Checkpoints) != 3 {
				t.Errorf("%+v", h)
			}
			offline, err := runtime.SavepointOffline(t.Context(), l.o, runtime.SavepointRequest{Name: "offline"}, nil)
			if exchange == checkpoint.ExchangeKafka {
				if !errors.Is(err, runtime.ErrSavepointRequest) {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, got := wordsIn(t, offline.URL); !maps.Equal(got, want) {
				t.Errorf("offline: got %v", got)
			}
		})
	}
}

func TestSavepointOfNothing(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	l := c.start()
	l.until(t, "running", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if _, err := runtime.SavepointOfStopped(t.Context(), l.o, runtime.SavepointRequest{}, nil); err == nil || !strings.Contains(err.Error(), "committed nothing") {
		t.Error(err)
	}
	if _, err := runtime.SavepointOffline(t.Context(), l.o, runtime.SavepointRequest{}, nil); err == nil || !strings.Contains(err.Error(), "notes no committed checkpoint") {
		t.Error(err)
	}
}
