package runtime_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// counting is a setting that runs word count with these parameters.
func counting(t *testing.T, p jobs.Params) setting {
	t.Helper()
	job, err := jobs.New("wordcount", p)
	if err != nil {
		t.Fatal(err)
	}
	return runs(t, job)
}

// feedOne writes lines to one partition, in a transaction that is committed or aborted.
func (c *cluster) feedOne(topic string, partition int32, commit bool, lines ...string) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("feeder"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		c.t.Fatal(err)
	}
	for _, l := range lines {
		r := kgo.StringRecord(l)
		r.Topic, r.Partition = topic, partition
		if err := cl.ProduceSync(c.t.Context(), r).FirstErr(); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := cl.EndTransaction(c.t.Context(), kgo.TransactionEndTry(commit)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) admin(do func(a *kadm.Client) error) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	if err := do(kadm.NewClient(cl)); err != nil {
		c.t.Fatal(err)
	}
}

// A bounded job ends behind aborted records and control records, though one partition is empty, and does nothing the next time.
func TestBounded(t *testing.T) {
	c := newCluster(t, 3, "text", "word-counts")
	lines, want := text(300)
	c.feedOne("text", 0, true, lines[:150]...)
	c.feedOne("text", 1, true, lines[150:]...)
	c.feedOne("text", 1, false, "aborted")
	bounded := counting(t, jobs.Params{Bounded: true})
	l := c.start(bounded)
	if err := l.end(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
	if s := l.in.Status(); s.Commits < 2 || s.RecordsIn != 300 {
		t.Fatalf("%+v", s)
	}
	c.feed("text", "more", "and", "more")
	c.dropLocalState()
	l = c.start(bounded)
	if err := l.end(t); err != nil {
		t.Fatal(err)
	}
	if s := l.in.Status(); s.Commits != 0 || s.RecordsIn != 0 {
		t.Fatalf("%+v", s)
	}
	checkCounts(t, c.committed("word-counts"), want)
}

// The ends are those of the first start, whenever the job is stopped in between; without event time it can go on unbounded then.
func TestBoundedEndsSurvive(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := []string{}, map[string]int{}
	for i := range 30_000 { // many more than what is on its way when the job is stopped
		lines = append(lines, fmt.Sprintf("w%d", i%97))
		want[lines[i]]++
	}
	c.feed("text", lines...)
	var seen atomic.Int64
	slow := func() *stream.Job {
		job := stream.NewJob("slow")
		in := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.Bounded())
		words := stream.FlatMap(in, func(line string, emit func(string)) {
			if seen.Add(1)%20 == 0 {
				time.Sleep(time.Millisecond)
			}
			for w := range strings.FieldsSeq(line) {
				emit(w)
			}
		})
		counts := stream.Count(stream.KeyBy(words, func(w string) string { return w }), stream.UID("count_words"))
		stream.To(counts, "word-counts", func(p stream.KV[string, int64], out *stream.Output) error {
			out.Key, out.Value = []byte(p.Key), fmt.Appendf(nil, "%s %d", p.Key, p.Value)
			return nil
		})
		return job
	}
	for life := range 3 {
		l := c.start(runs(t, slow()))
		if life == 2 {
			if err := l.end(t); err != nil {
				t.Fatal(err)
			}
			break
		}
		l.until(t, "records", func(s runtime.Status) bool { return s.Commits > 1 })
		c.feed("text", "too late")
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	checkCounts(t, c.committed("word-counts"), want)
	l := c.start(counting(t, jobs.Params{}))
	l.until(t, "the rest", func(s runtime.Status) bool { return s.RecordsIn == 2 && s.Commits > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	want["too"], want["late"] = 2, 2
	checkCounts(t, c.committed("word-counts"), want)
}

// Where the event time of a source has come to its end, it can't go on.
func TestBoundedStaysBounded(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	c.feed("text", "100 a", "1500 b")
	job := func(opts ...stream.Option) *stream.Job { return perSecondOf(stream.Topics("text"), opts...) }
	if err := c.start(runs(t, job(stream.Bounded()))).end(t); err != nil {
		t.Fatal(err)
	}
	if n := len(c.committed("word-counts")); n != 2 {
		t.Fatalf("%d windows", n)
	}
	err := c.start(runs(t, job())).end(t)
	if !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), `source "words" was bounded`) {
		t.Fatal(err)
	}
}

// Each beginning of a new job, and that it counts only for a new one.
func TestStartAt(t *testing.T) {
	t.Parallel()
	part := func(id int32) stream.Partition { return stream.Partition{Topic: "text", ID: id} }
	began := time.Now()
	for name, s := range map[string]struct {
		start  stream.Start
		want   string // what is read of "a" and "b" in partition 0, "c" in 1, and then "x" and "y"
		reason string // of a refusal
	}{
		"earliest":          {start: stream.Earliest(), want: "a b c x y"},
		"latest":            {start: stream.Latest(), want: "x y"},
		"timestamp":         {start: stream.Timestamp(began.Add(-time.Minute)), want: "b c x y"},
		"timestamp to come": {start: stream.Timestamp(began.Add(time.Hour)), want: "x y"},
		"offsets":           {start: stream.Offsets(map[stream.Partition]int64{part(0): 1}), want: "b c x y"},
		"committed":         {start: stream.Committed(), reason: `group "wordcount" has none for its topics`},
		"no such offset":    {start: stream.Offsets(map[stream.Partition]int64{part(1): 7}), reason: `offset 7 of topic "text" partition 1 (WEIR_START_FROM), which holds offsets 0 to 1`},
		"no such partition": {start: stream.Offsets(map[stream.Partition]int64{part(2): 0}), reason: `topic "text" partition 2 (WEIR_START_FROM), which does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 2, "text", "word-counts")
			c.feedAt("text", 0, began.Add(-time.Hour), "a")
			c.feedAt("text", 0, began, "b")
			c.feedAt("text", 1, began, "c")
			l := c.start(counting(t, jobs.Params{Start: s.start}))
			if s.reason != "" {
				if err := l.end(t); !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), s.reason) {
					t.Fatal(err)
				}
				return
			}
			l.until(t, "running", func(s runtime.Status) bool { return s.Ready() && s.Commits > 0 })
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			// Nothing ran when this came; a job that chose anew would miss it, one that was told to begin earlier would repeat.
			c.feedAt("text", 0, began, "x")
			c.dropLocalState()
			l = c.start(counting(t, jobs.Params{Start: s.start}))
			c.feedAt("text", 1, began, "y")
			want := strings.Fields(s.want)
			l.until(t, "all of it", func(runtime.Status) bool { return len(c.committed("word-counts")) >= len(want) })
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			counts := map[string]int{}
			for _, w := range want {
				counts[w] = 1
			}
			checkCounts(t, c.committed("word-counts"), counts)
		})
	}
}

func (c *cluster) feedAt(topic string, partition int32, at time.Time, lines ...string) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	for _, line := range lines {
		r := kgo.StringRecord(line)
		r.Topic, r.Partition, r.Timestamp = topic, partition, at
		if err := cl.ProduceSync(c.t.Context(), r).FirstErr(); err != nil {
			c.t.Fatal(err)
		}
	}
}

// Topics and partitions that come while the job runs are read from their beginning, and nothing is lost or repeated on the way.
func TestDiscovery(t *testing.T) {
	c := newCluster(t, 1, "text-1", "word-counts", "__text-2", "wordcount-by_word-repartition")
	lines, want := text(600)
	discovery := func(o *runtime.Options) { o.Discovery = 100 * time.Millisecond }
	l := c.start(counting(t, jobs.Params{Inputs: []string{"/.*text-[0-9]/"}, Start: stream.Latest()}), discovery)
	l.until(t, "running", func(s runtime.Status) bool { return s.Ready() && s.Commits > 0 })
	c.feed("__text-2", "internal")
	c.feed("text-1", lines[:200]...)
	c.admin(func(a *kadm.Client) error { _, err := a.CreateTopic(t.Context(), 1, 1, nil, "text-2"); return err })
	c.feed("text-2", lines[200:400]...)
	c.admin(func(a *kadm.Client) error { _, err := a.UpdatePartitions(t.Context(), 3, "text-1"); return err })
	c.feedOne("text-1", 2, true, lines[400:]...)
	l.until(t, "all of it", read(600))
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
}

// Without a topic that matches the job waits for one; one that can never end well is refused.
func TestPatternWithoutTopics(t *testing.T) {
	c := newCluster(t, 1, "word-counts", "text")
	l := c.start(counting(t, jobs.Params{Inputs: []string{"^in-.*$"}}), func(o *runtime.Options) { o.Discovery = 50 * time.Millisecond })
	l.until(t, "waiting", func(s runtime.Status) bool { return s.Phase == runtime.PhaseWaiting })
	c.admin(func(a *kadm.Client) error { _, err := a.CreateTopic(t.Context(), 1, 1, nil, "in-1"); return err })
	c.feed("in-1", "a")
	l.until(t, "the record", func(s runtime.Status) bool { return s.RecordsIn == 1 && s.Commits > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	for pattern, reason := range map[string]string{
		"^none-.*$":      "no topic matches the pattern of any source",
		"^word.*|text$":  `the pattern of source "kafka_source" matches topic "word-counts", which the job writes to`,
		"/word-counts|/": `matches topic "word-counts"`,
	} {
		err := c.start(counting(t, jobs.Params{Inputs: []string{pattern}})).end(t)
		if !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// A fast partition waits for the slow one, whatever there is to be read of it.
func TestAlignWatermarks(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	const seconds, perSecond = 500, 200
	fast, slow := make([]string, 0, seconds*perSecond), make([]string, 0, seconds)
	for s := range seconds {
		for range perSecond {
			fast = append(fast, fmt.Sprintf("%d f", s*1000))
		}
		slow = append(slow, fmt.Sprintf("%d s", s*1000))
	}
	c.feedBatch("text", 0, fast)
	job := perSecondOf(stream.Topics("text"), stream.AlignWatermarks(10*time.Second), stream.Bounded())
	c.feedBatch("text", 1, slow[:1])
	l := c.start(runs(t, perSecondOf(stream.Topics("text"), stream.AlignWatermarks(10*time.Second))))
	l.until(t, "the first", func(s runtime.Status) bool { return s.RecordsIn > 1 })
	time.Sleep(300 * time.Millisecond) // long enough to read all of it
	// A poll and the queues let some thousand pass.
	if n := l.in.Status().RecordsIn; n > 10_000 {
		t.Fatalf("%d records were read though the slow partition is at its first", n)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	c.feedBatch("text", 1, slow[1:])
	if err := c.start(runs(t, job)).end(t); err != nil {
		t.Fatal(err)
	}
	if n := len(c.committed("word-counts")); n != 2*seconds {
		t.Fatalf("%d windows, want %d", n, 2*seconds)
	}
}

func (c *cluster) feedBatch(topic string, partition int32, lines []string) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	var rs []*kgo.Record
	for _, line := range lines {
		rs = append(rs, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(line)})
	}
	if err := cl.ProduceSync(c.t.Context(), rs...).FirstErr(); err != nil {
		c.t.Fatal(err)
	}
}
