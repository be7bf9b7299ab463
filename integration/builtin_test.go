//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// readAll reads n committed records of a topic, from the beginning, and sees that no more follow.
func readAll(t *testing.T, j *job, n int, p *process) []*kgo.Record {
	t.Helper()
	from := map[int32]kgo.Offset{}
	for i := range int32(j.partitions) {
		from[i] = kgo.NewOffset().At(0)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(j.sink.Bootstrap()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{j.out: from}))
	must(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var all []*kgo.Record
	next := map[int32]int64{}
	poll := func() {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			next[r.Partition] = r.Offset + 1
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
		})
	}
	for len(all) < n && ctx.Err() == nil {
		poll()
	}
	p.stop()
	ends, err := j.sinkAdmin.openEnds(j.out)
	must(t, err)
	for partition, e := range ends {
		for next[partition] < e.high && ctx.Err() == nil {
			poll()
		}
	}
	if len(all) != n {
		t.Fatalf("%d records in %s, want %d", len(all), j.out, n)
	}
	return all
}

// copy passes key, value, headers and timestamp on, nulls and empty ones too, and keeps the order of a partition.
func TestCopy(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		testCopy(t, newJob(t, sharedCluster(t), "copy", 3, "GUARANTEE="+guarantee))
	})
}

func testCopy(t *testing.T, j *job) {
	const n = 3000
	rng := newRand(t)
	maybe := func(what string, i int) []byte {
		switch rng.IntN(4) {
		case 0:
			return nil
		case 1:
			return []byte{}
		}
		return fmt.Appendf(nil, "%s %d \x00\xff", what, i)
	}
	sent := map[string]*kgo.Record{}
	var records []*kgo.Record
	for i := range n {
		r := &kgo.Record{
			Topic: j.in, Key: maybe("key", i), Value: maybe("value", i),
			Timestamp: time.UnixMilli(1_600_000_000_000 + int64(rng.IntN(1_000_000))),
			Headers: []kgo.RecordHeader{{Key: "number", Value: fmt.Append(nil, i)}, {Key: "twice", Value: maybe("header", i)},
				{Key: "twice", Value: maybe("header", -i)}, {Key: "", Value: nil}},
		}
		records, sent[fmt.Sprint(i)] = append(records, r), r
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(j.cluster.Bootstrap()))
	must(t, err)
	defer cl.Close()
	must(t, cl.ProduceSync(t.Context(), records...).FirstErr())
	for _, r := range readAll(t, j, n, j.run()) {
		number := string(r.Headers[0].Value)
		want := sent[number]
		if want == nil {
			t.Fatalf("record %s came twice, or was never sent", number)
		}
		delete(sent, number)
		if !same(r.Key, want.Key) || !same(r.Value, want.Value) || !r.Timestamp.Equal(want.Timestamp) || !sameHeaders(r.Headers, want.Headers) {
			t.Fatalf("record %s was\n%s, came as\n%s", number, show(want), show(r))
		}
	}
}

// same tells null from empty.
func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func sameHeaders(a, b []kgo.RecordHeader) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || !same(a[i].Value, b[i].Value) {
			return false
		}
	}
	return true
}

func show(r *kgo.Record) string {
	return fmt.Sprintf("key %#v, value %#v, time %v, headers %#v", r.Key, r.Value, r.Timestamp, r.Headers)
}

// classify without a window: each event comes out with the sum of its key so far and, without thresholds, as
// UNCLASSIFIED. A kill -9 on the way changes nothing.
func TestClassify(t *testing.T) {
	t.Parallel()
	testClassify(t, newJob(t, sharedCluster(t), "classify", 2, "CLASSIFY_WINDOW=0"))
}

func testClassify(t *testing.T, j *job) {
	type event struct {
		Key       string `json:"key"`
		Value     int64  `json:"value"`
		CreatedAt int64  `json:"createdAt"`
		Label     string `json:"label,omitempty"`
	}
	const n = 6000
	rng := newRand(t)
	begin := time.Now().UnixMilli()
	cl, err := kgo.NewClient(kgo.SeedBrokers(j.cluster.Bootstrap()), kgo.DefaultProduceTopic(j.in))
	must(t, err)
	defer cl.Close()
	fed := map[string][]event{} // in order: one key, one partition
	feed := func(n int) {
		var records []*kgo.Record
		for range n {
			e := event{Key: fmt.Sprintf("key-%02d", rng.IntN(40)), Value: int64(rng.IntN(2000) - 500), CreatedAt: 1_700_000_000_000 + int64(rng.IntN(1000))}
			fed[e.Key] = append(fed[e.Key], e)
			b, err := json.Marshal(e)
			must(t, err)
			records = append(records, &kgo.Record{Key: []byte(e.Key), Value: b})
		}
		must(t, cl.ProduceSync(t.Context(), records...).FirstErr())
	}
	feed(n / 2)
	p := j.run()
	p.commits(1)
	feed(n / 2)
	p.kill()
	got := map[string]int{}
	sums := map[string]int64{}
	for _, r := range readAll(t, j, n, j.run()) {
		var e event
		must(t, json.Unmarshal(r.Value, &e))
		i := got[e.Key]
		got[e.Key]++
		if i >= len(fed[e.Key]) {
			t.Fatalf("more outputs of %s than events", e.Key)
		}
		sums[e.Key] += fed[e.Key][i].Value
		if e.Value != sums[e.Key] || e.Label != "UNCLASSIFIED" || string(r.Key) != e.Key {
			t.Fatalf("output %d of %s is %s (Kafka key %q), want the sum %d, UNCLASSIFIED", i+1, e.Key, r.Value, r.Key, sums[e.Key])
		}
		// The first event of a key passes as it is, a sum is of now.
		if i == 0 && e.CreatedAt != fed[e.Key][0].CreatedAt || i > 0 && (e.CreatedAt < begin || e.CreatedAt > time.Now().UnixMilli()) {
			t.Fatalf("output %d of %s: createdAt is %d", i+1, e.Key, e.CreatedAt)
		}
	}
}
