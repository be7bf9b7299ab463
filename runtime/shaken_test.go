package runtime_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

// TestManyInstancesShaken: a bounded job comes to its end while its functions panic and instances come and go, wherever they are; all of it is in the windows that fire then. A
// number is the seed of the choices; when each of them strikes depends on the machine.
func TestManyInstancesShaken(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			shaken(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func shaken(t *testing.T, rng *rand.Rand) {
	c := newCluster(t, 4, "text", "word-counts")
	lines, words := text(1500)
	c.feed("text", lines...)
	var panics atomic.Int64
	panics.Store(rng.Int64N(20))
	shake := func(odds float64) {
		if rand.Float64() < odds && panics.Add(-1) >= 0 {
			panic("shaken")
		}
	}
	hours, options := stream.Tumbling(time.Hour), []stream.Option{stream.Bounded(), stream.Watermarks(time.Second)}
	if rng.IntN(2) == 0 {
		hours, options = hours.ProcessingTime(), options[:1]
	}
	life := func(name string) *life {
		return c.start(c.many(name), runs(t, shakenTallies(shake, hours, options...)), func(o *runtime.Options) {
			o.Restart = runtime.DefaultRestartPolicy()
			o.Restart.Delay, o.Restart.Attempts, o.Restart.RecordAttempts = time.Millisecond, 0, 100
		})
	}
	c.shuffle(rng, life)
	want := map[string]int64{}
	for word, n := range words {
		want[strconv.Itoa(len(word))] += int64(n)
	}
	if got := tallied(t, c.committed("word-counts")); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// shuffle starts and stops up to three instances until the job is over, or a dozen times, and waits for its end.
func (c *cluster) shuffle(rng *rand.Rand, begin func(name string) *life) {
	live := map[string]*life{"one": begin("one"), "two": begin("two")}
	end := func(name string, how func(*life) error) {
		if err := how(live[name]); err != nil {
			c.t.Fatalf("instance %s: %v", name, err)
		}
		delete(live, name)
	}
	for range 12 {
		time.Sleep(time.Duration(rng.IntN(600)) * time.Millisecond)
		name := []string{"one", "two", "three"}[rng.IntN(3)]
		if live[name] != nil {
			end(name, func(l *life) error { return l.stop(c.t) })
		} else {
			live[name] = begin(name)
		}
	}
	if len(live) == 0 {
		live["one"] = begin("one")
	}
	for name := range live {
		end(name, func(l *life) error { return l.end(c.t) })
	}
}
