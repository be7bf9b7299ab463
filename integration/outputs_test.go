//go:build integration

package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// outputs reads what a word count has committed, from the beginning, and judges it while it reads.
type outputs struct {
	t     testing.TB
	topic string
	exact bool // exactly-once: in order, and nothing twice
	more  bool // words may be counted again: what comes twice crosses in a repartition topic
	admin *admin
	done  chan struct{}

	mu       sync.Mutex
	words    map[string]*wordOutput
	next     map[int32]int64 // by partition, the offset behind what was read
	distinct int             // different outputs so far
	repeats  int
	note     string // what the test does at present
	problems []string
}

// wordOutput is what was seen of a word.
type wordOutput struct {
	times []int // times[i]: how often count i+1 was seen
	last  int
}

func (w *wordOutput) see(n int) (first bool) {
	for len(w.times) < n {
		w.times = append(w.times, 0)
	}
	w.times[n-1]++
	w.last = n
	return w.times[n-1] == 1
}

// highest is the largest count seen.
func (w *wordOutput) highest() int { return len(w.times) }

func readOutputs(t testing.TB, bootstrap, topic string, partitions int, exact bool) *outputs {
	t.Helper()
	o := &outputs{
		t: t, topic: topic, exact: exact, admin: newAdmin(t, bootstrap), done: make(chan struct{}),
		words: map[string]*wordOutput{}, next: map[int32]int64{},
	}
	from := map[int32]kgo.Offset{}
	for p := range int32(partitions) {
		from[p] = kgo.NewOffset().At(0)
	}
	// Control records are kept, and dropped in take, so that the end of a partition is seen to be reached.
	cl, err := kgo.NewClient(seeds(bootstrap), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.AlwaysRetryEOF(), kgo.FetchMaxWait(200*time.Millisecond),
		kgo.MetadataMinAge(100*time.Millisecond))
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(o.done)
		for ctx.Err() == nil {
			f := cl.PollFetches(ctx)
			f.EachRecord(o.take)
		}
	}()
	t.Cleanup(func() {
		cancel()
		awaited(t, patience, "the reader of "+topic+" to end", o.done)
		ends(t, "the reader's client", cl.Close)
	})
	return o
}

// take judges one output.
func (o *outputs) take(r *kgo.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next[r.Partition] = r.Offset + 1
	if r.Attrs.IsControl() {
		return
	}
	word, count, ok := strings.Cut(string(r.Value), " ")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 || word != string(r.Key) {
		o.problem("%s/%d offset %d: key %q, value %q", r.Topic, r.Partition, r.Offset, r.Key, r.Value)
		return
	}
	w := o.words[word]
	if w == nil {
		w = &wordOutput{}
		o.words[word] = w
	}
	if o.exact && n != w.highest()+1 {
		what := "lost"
		if n <= w.highest() {
			what = "double"
		}
		o.problem("%s/%d offset %d: %s: %q follows %q (%s)", r.Topic, r.Partition, r.Offset, what, r.Value, fmt.Sprint(word, " ", w.highest()), o.note)
	}
	if n > w.highest()+10_000_000 {
		return // nonsense is told already; memory need not follow it
	}
	if w.see(n) {
		o.distinct++
	} else {
		o.repeats++
	}
}

func (o *outputs) problem(format string, args ...any) {
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
}

// during notes what the test does now, for the problems that are found meanwhile.
func (o *outputs) during(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.note = fmt.Sprintf(format, args...)
}

func (o *outputs) seen() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.distinct
}

// check fails the test if something was wrong so far.
func (o *outputs) check() {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.problems) > 0 {
		o.t.Fatalf("%d wrong outputs, the first ones:\n%s", len(o.problems), strings.Join(o.problems[:min(10, len(o.problems))], "\n"))
	}
}

// await waits until n different outputs were seen.
func (o *outputs) await(n int, within time.Duration, p *process) {
	o.t.Helper()
	eventually(o.t, within, fmt.Sprintf("%d outputs in %s", n, o.topic), func() error {
		o.check()
		if p != nil && p.ended() {
			o.t.Fatalf("%s ended with %v; %d of %d outputs", p.name, p.cmd.ProcessState, o.seen(), n)
		}
		if have := o.seen(); have < n {
			return fmt.Errorf("%d so far", have)
		}
		return nil
	})
}

// verdict is the last word, when all instances have ended: every output is there, as often as it must be, and nothing is
// left open in the topic.
func (o *outputs) verdict(want map[string]int) {
	o.t.Helper()
	o.readToEnd()
	o.check()
	o.mu.Lock()
	defer o.mu.Unlock()
	var wrong []string
	for _, word := range slices.Sorted(maps.Keys(want)) {
		w := o.words[word]
		if w == nil {
			wrong = append(wrong, fmt.Sprintf("%q: nothing, want %d", word, want[word]))
			continue
		}
		if missing := slices.Index(w.times, 0); missing >= 0 || w.highest() < want[word] || w.highest() > want[word] && !o.more {
			wrong = append(wrong, fmt.Sprintf("%q: highest count %d, want %d (first missing: %d)", word, w.highest(), want[word], missing+1))
		}
	}
	for word := range o.words {
		if want[word] == 0 {
			wrong = append(wrong, fmt.Sprintf("%q was counted but never fed", word))
		}
	}
	if len(wrong) > 0 {
		o.t.Fatalf("%d of %d words are wrong:\n%s", len(wrong), len(want), strings.Join(wrong[:min(10, len(wrong))], "\n"))
	}
	o.t.Logf("%s: %d words, %d outputs, %d repeats: right", o.topic, len(want), o.distinct, o.repeats)
}

// lastStates checks that each word's last output is its count.
func (o *outputs) lastStates(want map[string]int) {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for word, w := range o.words {
		if w.last != want[word] {
			o.t.Errorf("the last output of %q is %d, want %d", word, w.last, want[word])
		}
	}
}

// readToEnd waits until every partition was read to its end, which must be its last stable offset as well.
func (o *outputs) readToEnd() {
	o.t.Helper()
	eventually(o.t, patience, "the end of "+o.topic, func() error {
		ends, err := o.admin.openEnds(o.topic)
		if err != nil {
			return err
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		for p, e := range ends {
			if e.stable != e.high {
				return fmt.Errorf("partition %d: a transaction is open: last stable offset %d, end %d", p, e.stable, e.high)
			}
			if o.next[p] < e.high {
				return fmt.Errorf("partition %d: read up to %d of %d", p, o.next[p], e.high)
			}
		}
		return nil
	})
}
