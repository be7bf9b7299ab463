package txntest

import (
	"context"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

func (e *env) admin() txn.Admin {
	e.Helper()
	a, err := e.client.NewAdmin()
	e.must(err)
	e.Cleanup(a.Close)
	return a
}

// createTopics: those that are missing, with the count asked for; a repetition and another count change nothing.
func createTopics(e *env) {
	a := e.admin()
	one, two := e.name("t"), e.name("t")
	short := map[string]string{"retention.ms": "3600000", "cleanup.policy": "delete"}
	e.must(a.CreateTopics(e.ctx, nil))
	e.must(a.CreateTopics(e.ctx, []txn.TopicSpec{{Name: one, Partitions: 3, Config: short}}))
	both := []txn.TopicSpec{{Name: one, Partitions: 5}, {Name: two, Partitions: 2}}
	e.must(a.CreateTopics(e.ctx, both))
	e.must(a.CreateTopics(e.ctx, both))
	e.soon("the topics are known", 5*time.Second, func() bool {
		topics, err := a.Topics(e.ctx, []string{one, two})
		e.must(err)
		return topics[one] == 3 && topics[two] == 2
	})
	for _, bad := range []txn.TopicSpec{{Name: e.name("t")}, {Name: e.name("t"), Partitions: -1}, {Partitions: 1}} {
		err := a.CreateTopics(e.ctx, []txn.TopicSpec{{Name: one, Partitions: 3}, bad})
		e.class(err, txn.ClassFatal)
		if !strings.Contains(err.Error(), `"`+bad.Name+`"`) {
			e.Errorf("the error does not name topic %q: %v", bad.Name, err)
		}
	}
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	e.class(a.CreateTopics(ctx, both), txn.ClassRetry)
}

// newTopicAtOnce: a topic that was made a moment ago can be written to, and a new consumer gets its partitions along
// with those of an old one, without waiting for some regular look at the cluster (every 30 s with librdkafka).
func newTopicAtOnce(e *env) {
	old, fresh := e.topic(4), e.name("t")
	a, p := e.admin(), e.producer(e.name("id"))
	e.must(a.CreateTopics(e.ctx, []txn.TopicSpec{{Name: fresh, Partitions: 4}}))
	start := time.Now()
	e.commit(p, numbered(fresh, 3, 0, 10)...)
	m := e.joined(e.name("g"), "i", 8, old, fresh)
	m.from(0)
	m.take(10)
	e.Logf("written to and read from %v after its creation", time.Since(start))
}

// deleteRecords raises the low end, and never lowers it.
func deleteRecords(e *env) {
	a, topic := e.admin(), e.topic(2)
	p0, p1 := txn.Partition{Topic: topic}, txn.Partition{Topic: topic, ID: 1}
	e.commit(e.producer(e.name("id")), append(numbered(topic, 0, 0, 10), numbered(topic, 1, 0, 10)...)...)
	m := e.joined(e.name("g"), "i", 2, topic)
	want := func(low0, low1 int64) {
		e.Helper()
		var got map[txn.Partition]txn.Ends
		e.soon("the ends are right", 5*time.Second, func() bool {
			var err error
			got, err = m.c.Ends(e.ctx, []txn.Partition{p0, p1})
			e.must(err)
			return got[p0] == txn.Ends{Low: low0, High: 11} && got[p1] == txn.Ends{Low: low1, High: 11}
		})
	}
	want(0, 0)
	e.must(a.DeleteRecords(e.ctx, nil))
	e.must(a.DeleteRecords(e.ctx, map[txn.Partition]int64{p0: 4, p1: 0}))
	want(4, 0)
	e.must(a.DeleteRecords(e.ctx, map[txn.Partition]int64{p0: 2, p1: 11})) // up to the end: nothing is left
	want(4, 11)
	for _, bad := range []int64{12, -1} {
		err := a.DeleteRecords(e.ctx, map[txn.Partition]int64{p0: bad})
		e.class(err, txn.ClassFatal)
		if !strings.Contains(err.Error(), topic) || !strings.Contains(err.Error(), "partition 0") {
			e.Errorf("the error does not name the partition: %v", err)
		}
	}
	want(4, 11)
	e.must(m.c.Seek(map[txn.Partition]int64{p0: 4, p1: 11}))
	if r := m.take(6)[0]; r.Offset != 4 {
		e.Fatalf("got offset %d; want 4", r.Offset)
	}
}

// deleteFromNowhere: a topic may be new to the broker that is asked, so this is tried as long as it may; then the error
// says what was missing.
func deleteFromNowhere(e *env) {
	missing := e.name("missing")
	ctx, cancel := context.WithTimeout(e.ctx, 800*time.Millisecond)
	defer cancel()
	err := e.admin().DeleteRecords(ctx, map[txn.Partition]int64{{Topic: missing}: 0})
	e.class(err, txn.ClassRetry)
	if !strings.Contains(err.Error(), missing) {
		e.Errorf("the error does not name topic %q: %v", missing, err)
	}
}
