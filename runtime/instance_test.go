package runtime_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/twophase"
)

func read(n int) func(runtime.Status) bool {
	return func(s runtime.Status) bool { return s.RecordsIn >= uint64(n) }
}

func TestWordCountEndToEnd(t *testing.T) {
	for name, g := range map[string]twophase.Guarantee{"exactly-once": twophase.ExactlyOnce, "at-least-once": twophase.AtLeastOnce} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 4, "text", "word-counts")
			lines, want := text(1000)
			c.feed("text", lines...)
			l := c.start(func(o *runtime.Options) { o.Guarantee = g })
			l.until(t, "all records read", read(len(lines)))
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			checkCounts(t, c.committed("word-counts"), want)
		})
	}
}

// TestGoesOnAfterRestart stops in good order in the middle and goes on, with local state and without.
func TestGoesOnAfterRestart(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(900)
	for i := range 3 {
		c.feed("text", lines[i*300:(i+1)*300]...)
		l := c.start()
		l.until(t, "this life's records read", read(300))
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			c.dropLocalState()
		}
	}
	checkCounts(t, c.committed("word-counts"), want)
}

// TestRecoversInProcess lets the broker refuse single requests and checks that the same instance goes on,
// without a lost or doubled output.
func TestRecoversInProcess(t *testing.T) {
	t.Parallel()
	injuries := map[string]struct {
		key  kmsg.Key
		code *kerr.Error
	}{
		"send offsets: unknown member":    {kmsg.TxnOffsetCommit, kerr.IllegalGeneration},
		"commit: fenced":                  {kmsg.EndTxn, kerr.InvalidProducerEpoch},
		"commit: invalid state":           {kmsg.EndTxn, kerr.InvalidTxnState},
		"commit: coordinator moves":       {kmsg.EndTxn, kerr.NotCoordinator},
		"send offsets: coordinator loads": {kmsg.TxnOffsetCommit, kerr.CoordinatorLoadInProgress},
	}
	for name, injury := range injuries {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 2, "text", "word-counts")
			lines, want := text(600)
			c.feed("text", lines[:300]...)
			l := c.start()
			l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
			consumed := c.refuse(injury.key, injury.code)
			c.feed("text", lines[300:]...)
			l.until(t, "the refusal, and all outputs committed", func(runtime.Status) bool {
				return consumed() && len(c.committed("word-counts")) >= 10*len(lines)
			})
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			checkCounts(t, c.committed("word-counts"), want)
		})
	}
}

func TestRefusesToStart(t *testing.T) {
	t.Run("missing topic", func(t *testing.T) {
		c := newCluster(t, 1, "text")
		l := c.start()
		err := l.end(t)
		if !errors.Is(err, runtime.ErrConfig) {
			t.Fatalf("got %v, want ErrConfig", err)
		}
		t.Log(err)
	})
	t.Run("offsets forgotten", func(t *testing.T) {
		c := newCluster(t, 1, "text", "word-counts")
		c.feed("text", "a b c")
		l := c.start()
		l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
		c.forgetGroup("wordcount")
		l = c.start()
		err := l.end(t)
		if !errors.Is(err, runtime.ErrState) {
			t.Fatalf("got %v, want ErrState", err)
		}
		t.Log(err)
	})
}
