package txntest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

// topicConfig: properties are as they were asked for, and others as the broker has them.
func topicConfig(e *env) {
	a, plain, compact := e.admin(), e.name("t"), e.name("t")
	e.must(a.CreateTopics(e.ctx, []txn.TopicSpec{
		{Name: plain, Partitions: 1}, {Name: compact, Partitions: 1, Config: map[string]string{"cleanup.policy": "compact"}},
	}))
	for topic, want := range map[string]string{plain: "delete", compact: "compact"} {
		config, err := a.TopicConfig(e.ctx, topic)
		e.must(err)
		if got := config["cleanup.policy"]; got != want {
			e.Errorf("%s: cleanup.policy is %q, want %q", topic, got, want)
		}
	}
}

// clusterID: the cluster's name is the same for everybody.
func clusterID(e *env) {
	first, err := e.admin().ClusterID(e.ctx)
	e.must(err)
	second, err := e.admin().ClusterID(e.ctx)
	e.must(err)
	if first == "" || first != second {
		e.Errorf("cluster ids %q and %q", first, second)
	}
}

// wantAll requires what ReadAll gives, partition by partition.
func (e *env) wantAll(a txn.Admin, topic string, want ...string) {
	e.Helper()
	records, err := a.ReadAll(e.ctx, topic)
	e.must(err)
	got := map[int32]string{}
	for _, r := range records {
		if r.Topic != topic {
			e.Fatalf("a record of topic %q", r.Topic)
		}
		got[r.Partition] += fmt.Sprintf("%s=%s ", r.Key, r.Value)
	}
	for id, w := range want {
		if g := strings.TrimSpace(got[int32(id)]); g != w {
			e.Fatalf("partition %d holds %q, want %q", id, g, w)
		}
	}
}

// ahead finds the first committed record of each partition, whatever else lies there.
func ahead(e *env) {
	a, topic := e.admin(), e.topic(3)
	want := func(from, want map[int32]int64) {
		e.Helper()
		got, err := a.Ahead(e.ctx, topic, from)
		if e.must(err); !maps.Equal(got, want) {
			e.Errorf("from %v: got %v, want %v", from, got, want)
		}
	}
	want(nil, map[int32]int64{})
	p := e.producer(e.name("id"))
	write := func(decide func(context.Context) error, partitions ...int32) {
		e.must(p.Begin())
		for _, id := range partitions {
			e.must(p.Produce(e.ctx, []txn.Record{{Topic: topic, Partition: id, Value: []byte("x")}}))
		}
		e.must(p.Flush(e.ctx))
		e.must(decide(e.ctx))
	}
	write(p.Commit, 0, 0, 1) // 0 and 1, a marker at 2; 0, a marker at 1
	want(nil, map[int32]int64{0: 0, 1: 0})
	want(map[int32]int64{0: 1}, map[int32]int64{0: 1, 1: 0})
	want(map[int32]int64{0: 2, 1: 1}, map[int32]int64{})
	want(map[int32]int64{0: 3, 1: 2}, map[int32]int64{})
	write(p.Abort, 0, 2)
	want(map[int32]int64{0: 2, 1: 1}, map[int32]int64{})
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, []txn.Record{{Topic: topic, Partition: 1, Value: []byte("x")}}))
	e.must(p.Flush(e.ctx))
	e.soon("the output reaches the log", 10*time.Second, func() bool { return len(e.read(topic, 1, false)) == 2 })
	short, cancel := context.WithTimeout(e.ctx, 700*time.Millisecond)
	defer cancel()
	if got, err := a.Ahead(short, topic, map[int32]int64{0: 2, 1: 1}); err == nil {
		e.Errorf("got %v while a transaction is open", got)
	}
	e.must(p.Commit(e.ctx))
	want(map[int32]int64{0: 2, 1: 1}, map[int32]int64{1: 2})
}

// readAll gives committed records and nothing else, whatever lies at the end: a record, or a marker of either kind.
func readAll(e *env) {
	a, topic := e.admin(), e.topic(2)
	e.wantAll(a, topic, "", "")
	p := e.producer(e.name("id"))
	pair := func(partition int32, key, value string) txn.Record {
		return txn.Record{Topic: topic, Partition: partition, Key: []byte(key), Value: []byte(value)}
	}
	e.commit(p, pair(0, "a", "1"), pair(1, "b", "1"))
	e.wantAll(a, topic, "a=1", "b=1")
	e.commit(p, pair(0, "a", "2"))
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, []txn.Record{pair(0, "a", "aborted"), pair(1, "b", "aborted")}))
	e.soon("records reach the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 3 })
	e.must(p.Abort(e.ctx))
	e.wantAll(a, topic, "a=1 a=2", "b=1")
	plain := e.producer("")
	e.must(plain.Produce(e.ctx, []txn.Record{pair(1, "c", "plain")}))
	e.must(plain.Flush(e.ctx))
	e.wantAll(a, topic, "a=1 a=2", "b=1 c=plain")
	e.must(e.eye.DeleteBefore(e.ctx, txn.Partition{Topic: topic}, 1))
	e.wantAll(a, topic, "a=2", "b=1 c=plain")
}

// readAllWaits: a transaction that is open before the end is waited for. Init of its successor ends it.
func readAllWaits(e *env) {
	a, topic, id := e.admin(), e.topic(1), e.name("id")
	p := e.producer(id)
	open := func(value string) {
		e.must(p.Begin())
		before := len(e.values(topic, false))
		e.must(p.Produce(e.ctx, []txn.Record{one(topic, value)}))
		e.soon("the record reaches the log", 10*time.Second, func() bool { return len(e.values(topic, false)) > before })
	}
	open("committed")
	short, cancel := context.WithTimeout(e.ctx, 700*time.Millisecond)
	defer cancel()
	got, err := a.ReadAll(short, topic)
	if err == nil {
		e.Fatalf("got %v while a transaction is open", got)
	}
	e.class(err, txn.ClassRetry)
	done := make(chan error, 1)
	go func() {
		records, err := a.ReadAll(e.ctx, topic)
		if err == nil && (len(records) != 1 || string(records[0].Value) != "committed") {
			err = fmt.Errorf("got %v", records)
		}
		done <- err
	}()
	time.Sleep(100 * time.Millisecond)
	e.must(p.Commit(e.ctx))
	e.must(<-done)
	open("fenced")
	e.producer(id)
	e.wantAll(a, topic, "=committed")
}

// readAllMissing: no topic is not an empty one.
func readAllMissing(e *env) {
	short, cancel := context.WithTimeout(e.ctx, time.Second)
	defer cancel()
	_, err := e.admin().ReadAll(short, e.name("missing"))
	e.class(err, txn.ClassRetry, txn.ClassFatal)
	_, err = e.admin().TopicConfig(short, e.name("missing"))
	e.class(err, txn.ClassRetry, txn.ClassFatal)
}
