package weirtest

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
)

// lengths counts words, and then how many counts there were of words of each length: two exchanges in a row.
func lengths() *stream.Job {
	job := stream.NewJob("lengths")
	words := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	counts := stream.Count(stream.KeyBy(words, same, stream.UID("by_word")), stream.UID("count"))
	length := stream.Map(counts, func(c stream.KV[string, int64]) string { return strconv.Itoa(len(c.Key)) }, stream.UID("length"))
	perLength := stream.Count(stream.KeyBy(length, same, stream.UID("by_length")), stream.UID("count_lengths"))
	stream.To(perLength, "out", stream.AsPair(state.String{}, state.Int64{}), stream.UID("sink"))
	return job
}

// TestThroughKafka: the same results as without a fault, whatever becomes of the process, of repartition topics and of shards.
func TestThroughKafka(t *testing.T) {
	for name, c := range map[string]struct {
		job  func() *stream.Job
		opts []Option
	}{
		"one exchange":             {counts, []Option{ThroughKafka(1), Twice()}},
		"two in a row":             {lengths, []Option{ThroughKafka(1), Epochs(2)}},
		"two in a row, two shards": {lengths, []Option{ThroughKafka(2), Epochs(2)}},
		"at least once":            {counts, []Option{ThroughKafka(2), AtLeastOnce(), Epochs(2)}},
	} {
		t.Run(name, func(t *testing.T) {
			v := verify(t, c.job, newSettings(c.opts))
			if len(v.all) > 0 {
				t.Errorf("%d verdicts, the first: %s", len(v.all), v.all[0])
			}
			t.Log(v.summary)
		})
	}
}

// TestRepeatsAreCounted: with at-least-once state behind a repartition topic agrees with what is in the topic, repeats included, and no more
// is wrong with it: the outputs of a word are those of counting to what its state says, and it says no less than was sent.
func TestRepeatsAreCounted(t *testing.T) {
	s := newSettings([]Option{ThroughKafka(2), Epochs(2)})
	s.guarantee = twophase.AtLeastOnce
	e := &experiment{job: counts, input: input, settings: s}
	synctest.Test(t, func(t *testing.T) {
		if v := e.learn(); v != "" {
			t.Fatal(v)
		}
	})
	repeated := 0
	for _, f := range e.faults() {
		var got outcome
		var verdict string
		synctest.Test(t, func(*testing.T) { _, got, verdict = e.run(f) })
		if verdict != "" {
			t.Fatalf("%s: %s", f, verdict)
		}
		for _, word := range []string{"a", "b", "c"} {
			output := fmt.Sprintf(`key %q of topic "out"`, word)
			sent, n := len(e.want.outputs[output]), countOf(t, got, word)
			var all []string
			for i := range n {
				all = append(all, encoded(t, i+1))
			}
			if n < sent || !replays(all, got.outputs[output]) {
				t.Fatalf("%s: word %q was sent %d times, its state is %d and its outputs are %s", f, word, sent, n, got.outputs[output])
			}
			if n > sent {
				repeated++
			}
		}
	}
	if repeated == 0 {
		t.Error("no fault led to a repeat: nothing was shown")
	}
}

// countOf is the committed count of a word.
func countOf(t *testing.T, o outcome, word string) int {
	t.Helper()
	for n := range 100 {
		if o.seen(o.clock)[fmt.Sprintf(`state "count" of operator "count", key %q""`, word)] == encoded(t, n) {
			return n
		}
	}
	t.Fatalf("no count of %q in %v", word, o.seen(o.clock))
	return 0
}

// encoded is a count as outcomes show it.
func encoded(t *testing.T, n int) string {
	t.Helper()
	b, err := state.Int64{}.Append(nil, int64(n))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q", b)
}
