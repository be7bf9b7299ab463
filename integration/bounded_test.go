//go:build integration

package integration

import (
	"strconv"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// endsJob adds up bounded input by key, and these sums by the key's last digit. It has no event time: both stages wait for the clock, and so for the end of the input.
func endsJob(prefix string) *stream.Job {
	job := stream.NewJob("ends")
	in := stream.From(job, stream.Topics(prefix+"-in"), readMeasure, stream.UID("source"), stream.Bounded())
	slow := stream.Map(in, func(m measure) measure { time.Sleep(100 * time.Microsecond); return m }, stream.UID("slow"))
	add := func(a, b measure) measure { return measure{Key: a.Key, Value: a.Value + b.Value} }
	day := stream.Tumbling(24 * time.Hour).ProcessingTime()
	byKey := stream.KeyBy(slow, func(m measure) string { return m.Key }, stream.UID("by_key"), stream.Through(state.JSON[measure]{}))
	keys := stream.WindowReduce(byKey, day, state.JSON[measure]{}, add, stream.UID("keys"))
	sums := stream.Map(keys, func(p stream.Pane[string, measure]) measure { return p.Value }, stream.UID("sums"))
	byDigit := stream.KeyBy(sums, func(m measure) string { return digit(m.Key) }, stream.UID("by_digit"), stream.Through(state.JSON[measure]{}))
	digits := stream.WindowReduce(byDigit, day, state.JSON[measure]{}, add, stream.UID("digits"))
	stream.To(digits, prefix+"-out", func(p stream.Pane[string, measure], out *stream.Output) error {
		out.Key, out.Value = []byte(p.Key), strconv.AppendInt(nil, p.Value.Value, 10)
		return nil
	}, stream.UID("sink"))
	return job
}

func digit(key string) string { return key[len(key)-1:] }

// TestBoundedFleetKilled: instances of a bounded job die while the ends of its input go from stage to stage, and come back. All windows fire, once.
func TestBoundedFleetKilled(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	for round := range 4 {
		input := newMeasures(rng)
		j := newProgram(t, sharedCluster(t), "ends", measurePartitions, nil, append(fleetSettings, "CHECKPOINT_INTERVAL=50ms")...)
		j.sender()(input.portion(0, 1))
		want := map[string][]int64{}
		for key, running := range input.running {
			want[digit(key)] = []int64{sum(want[digit(key)]) + running[len(running)-1]}
		}
		f := newFleet(j)
		names := []string{"one", "two"}
		f.launch("one")
		f.launch("two")
		for range 1 + rng.IntN(5) {
			time.Sleep(time.Duration(300+rng.IntN(1500)) * time.Millisecond)
			victim := names[rng.IntN(2)]
			if f.live[victim].ended() {
				break
			}
			f.kill(victim)
			f.launch(victim)
		}
		for _, name := range names {
			if code := f.live[name].exit(2 * patience); code != 0 {
				t.Errorf("round %d, %s: exit code %d\n%s", round, name, code, f.live[name].log.tail(20))
			}
		}
		if wrong := compareByKey(summed(readNumbers(t, j, j.out)), want); wrong != "" {
			t.Errorf("round %d: %s", round, wrong)
		}
	}
}
