//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/stream"
)

// poisonedEvents feeds classify with events, and with records that are none.
type poisonedEvents struct {
	t      *testing.T
	cl     *kgo.Client
	rng    *rand.Rand
	sums   map[string]int64
	events int
	poison map[string]*kgo.Record // by position, as header values have it
}

func newPoisonedEvents(t *testing.T, j *job) *poisonedEvents {
	cl, err := kgo.NewClient(seeds(j.cluster.Bootstrap()), kgo.DefaultProduceTopic(j.in))
	must(t, err)
	t.Cleanup(cl.Close)
	return &poisonedEvents{t: t, cl: cl, rng: newRand(t), sums: map[string]int64{}, poison: map[string]*kgo.Record{}}
}

func (f *poisonedEvents) feed(n int) {
	f.t.Helper()
	var records []*kgo.Record
	for range n {
		key := fmt.Sprintf("key-%02d", f.rng.IntN(40))
		r := &kgo.Record{Key: []byte(key), Timestamp: time.UnixMilli(1_700_000_000_000 + f.rng.Int64N(1_000_000))}
		if f.rng.IntN(10) == 0 {
			r.Value = [][]byte{nil, {}, []byte("\x00\xff"), fmt.Appendf(nil, `{"key":%q,"value":`, key), []byte(`{"value":1}`)}[f.rng.IntN(5)]
			r.Headers = []kgo.RecordHeader{{Key: "own", Value: []byte(key)}, {Key: "null"}}
			if f.rng.IntN(2) == 0 {
				r.Key = nil
			}
		} else {
			value := f.rng.Int64N(2000) - 500
			f.sums[key] += value
			f.events++
			b, err := json.Marshal(map[string]any{"key": key, "value": value, "createdAt": 1})
			must(f.t, err)
			r.Value = b
		}
		records = append(records, r)
	}
	for _, r := range f.cl.ProduceSync(f.t.Context(), records...) {
		must(f.t, r.Err)
		if len(r.Record.Headers) > 0 {
			f.poison[fmt.Sprintf("%s[%d]@%d", r.Record.Topic, r.Record.Partition, r.Record.Offset)] = r.Record
		}
	}
}

// readEnd reads the committed records of a topic up to its end, while nothing writes to it.
func readEnd(t *testing.T, j *job, topic string) (all []*kgo.Record) {
	t.Helper()
	ends, err := j.admin.openEnds(topic)
	must(t, err)
	from := map[int32]kgo.Offset{}
	for p := range ends {
		from[p] = kgo.NewOffset().At(0)
	}
	cl, err := kgo.NewClient(seeds(j.cluster.Bootstrap()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	must(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for p, e := range ends {
		if e.high == 0 {
			delete(ends, p)
		}
	}
	for len(ends) > 0 {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= ends[r.Partition].high {
				delete(ends, r.Partition)
			}
		})
		must(t, ctx.Err())
	}
	return all
}

// checkLetters: every poisoned record is there, once, as it was written, and its headers say where it was.
func (f *poisonedEvents) checkLetters(letters []*kgo.Record, exactly bool) {
	f.t.Helper()
	seen := map[string]int{}
	for _, r := range letters {
		h := map[string]string{}
		for _, header := range r.Headers[2:] {
			h[header.Key] = string(header.Value)
		}
		at := fmt.Sprintf("%s[%s]@%s", h[stream.HeaderTopic], h[stream.HeaderPartition], h[stream.HeaderOffset])
		want := f.poison[at]
		if want == nil {
			f.t.Fatalf("a dead letter of %s, where no bad record is: %s", at, show(r))
		}
		seen[at]++
		if !same(r.Key, want.Key) || !same(r.Value, want.Value) || !r.Timestamp.Equal(want.Timestamp) || !sameHeaders(r.Headers[:2], want.Headers) {
			f.t.Fatalf("the record at %s was\n%s, its dead letter is\n%s", at, show(want), show(r))
		}
		if h[stream.HeaderOperator] != "kafka_source" || h[stream.HeaderCause] == "" || len(r.Headers) != 7 {
			f.t.Fatalf("the dead letter of %s has headers %v", at, h)
		}
	}
	for at := range f.poison {
		if n := seen[at]; n == 0 || exactly && n > 1 {
			f.t.Errorf("%d dead letters of %s, want 1", n, at)
		}
	}
}

// Every bad record becomes one dead letter, and every event one output, whatever is killed on the way.
func TestDeadLetters(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		const rounds, perRound = 6, 1500
		j := newJob(t, sharedCluster(t), "classify", 3, "CLASSIFY_WINDOW=0", "GUARANTEE="+guarantee, "BAD_RECORDS=dead-letter")
		letters := j.id + "-bad"
		j.set("DEAD_LETTER_TOPIC=" + letters)
		must(t, j.cluster.CreateTopic(t.Context(), letters, 2, nil))
		f := newPoisonedEvents(t, j)
		for range rounds {
			f.feed(perRound)
			p := j.run()
			f.feed(perRound)
			some := 1 + f.rng.IntN(2*perRound)
			eventually(t, patience, "some records read", func() error { return p.atLeast("weir_records_in_total", float64(some)) })
			p.kill()
		}
		p := j.run()
		eventually(t, patience, "the end of the input", func() error { return j.caughtUp() })
		p.stop()
		f.checkLetters(readEnd(t, j, letters), guarantee == exactlyOnce)
		f.checkSums(readEnd(t, j, j.out), guarantee == exactlyOnce)
	})
}

// checkSums: the last sum of each key is the right one.
func (f *poisonedEvents) checkSums(outputs []*kgo.Record, exactly bool) {
	f.t.Helper()
	if n := len(outputs); n < f.events || exactly && n > f.events {
		f.t.Errorf("%d outputs of %d events", n, f.events)
	}
	last := map[string]int64{}
	for _, r := range outputs {
		var e struct{ Value int64 }
		must(f.t, json.Unmarshal(r.Value, &e))
		last[string(r.Key)] = e.Value
	}
	for key, want := range f.sums {
		if last[key] != want {
			f.t.Errorf("the last sum of %s is %d, want %d", key, last[key], want)
		}
	}
}

// caughtUp says whether all of the input is committed.
func (j *job) caughtUp() error {
	ends, err := j.admin.openEnds(j.in)
	if err != nil {
		return err
	}
	committed := j.admin.committed(j.id, j.in)
	for p, e := range ends {
		if at := committed[p].At; e.high > 0 && at < e.high {
			return fmt.Errorf("partition %d is committed up to %d of %d", p, at, e.high)
		}
	}
	return nil
}

// Skipped records are counted, and leave nothing behind.
func TestSkippedRecords(t *testing.T) {
	t.Parallel()
	j := newJob(t, sharedCluster(t), "classify", 2, "CLASSIFY_WINDOW=0", "BAD_RECORDS=skip")
	f := newPoisonedEvents(t, j)
	f.feed(2000)
	p := j.run()
	eventually(t, patience, "the end of the input", func() error { return j.caughtUp() })
	if n := p.metric("weir_skipped_records_total", `operator="kafka_source"`); n != float64(len(f.poison)) {
		t.Errorf("weir_skipped_records_total is %v, want %d", n, len(f.poison))
	}
	p.stop()
	f.checkSums(readEnd(t, j, j.out), true)
}

// By default a bad record ends the process with its position, and without any of its data.
func TestBadRecordEndsTheProcess(t *testing.T) {
	t.Parallel()
	j := newJob(t, sharedCluster(t), "classify", 1, "CLASSIFY_WINDOW=0", "RECORD_ATTEMPTS=2")
	cl, err := kgo.NewClient(seeds(j.cluster.Bootstrap()), kgo.DefaultProduceTopic(j.in))
	must(t, err)
	defer cl.Close()
	event := kgo.StringRecord(`{"key":"a","value":1}`)
	must(t, cl.ProduceSync(t.Context(), event, kgo.StringRecord(`{"key":"very secret","value":"b"}`)).FirstErr())
	p := j.start()
	if code := p.exit(patience); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	log := p.log.String()
	if !hasAll(log, []string{`operator \"kafka_source\", record ` + j.in + "[0]@1", "failed 2 times in the same place (WEIR_RECORD_ATTEMPTS)"}) || hasAll(log, []string{"secret"}) {
		t.Errorf("it says\n%s", log)
	}
}

// A dead-letter topic that does not exist is noticed before a record is read.
func TestMissingDeadLetterTopic(t *testing.T) {
	t.Parallel()
	newJob(t, sharedCluster(t), "classify", 1).refused(10*time.Second, []string{"BAD_RECORDS=dead-letter", "DEAD_LETTER_TOPIC=nowhere-" + strconv.Itoa(rand.Int())}, 2,
		"WEIR_DEAD_LETTER_TOPIC", "nowhere-", "does not exist")
}
