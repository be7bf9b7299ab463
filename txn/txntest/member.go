package txntest

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirstream/weir/txn"
)

// member is one consumer with a handler that keeps what it hears.
type member struct {
	e        *env
	c        txn.Consumer
	instance string
	meta     txn.GroupMetadata
	owned    []txn.Partition
	assigned int // how often
	lost     int
	// onRevoked runs inside Revoked.
	onRevoked func()
	// onAssigned runs inside Assigned.
	onAssigned func()
	closed     bool
}

func (m *member) Assigned(parts []txn.Partition, meta txn.GroupMetadata) {
	m.owned, m.meta = parts, meta
	slices.SortFunc(m.owned, func(a, b txn.Partition) int { return int(a.ID - b.ID) })
	m.assigned++
	if m.onAssigned != nil {
		m.onAssigned()
	}
}

func (m *member) Revoked([]txn.Partition) {
	if m.onRevoked != nil {
		m.onRevoked()
	}
	m.owned = nil
}

func (m *member) Lost([]txn.Partition) { m.owned = nil; m.lost++ }

// consumer makes a consumer of topics that has not been polled yet.
func (e *env) consumer(group, instance string, topics ...string) *member {
	e.Helper()
	m := &member{e: e, instance: instance}
	var err error
	m.c, err = e.client.NewConsumer(txn.ConsumerConfig{Topics: topics, Group: group, InstanceID: instance,
		SessionTimeout: 10 * time.Second, TrackEnds: e.trackEnds}, m)
	e.must(err)
	e.Cleanup(m.close)
	return m
}

func (m *member) close() {
	if !m.closed {
		m.closed = true
		m.e.must(m.c.Close())
	}
}

// joined makes a consumer and polls until it owns n partitions.
func (e *env) joined(group, instance string, n int, topics ...string) *member {
	e.Helper()
	m := e.consumer(group, instance, topics...)
	m.until(fmt.Sprintf("%s owns %d partitions", instance, n), func() bool { return len(m.owned) == n })
	return m
}

// poll polls once and fails on errors that are not of ClassRetry.
func (m *member) poll() []*txn.Batch {
	m.e.Helper()
	bs, err := m.c.Poll(20*time.Millisecond, 1000)
	if err != nil {
		m.e.class(err, txn.ClassRetry)
	}
	return bs
}

// until polls until ok; records are a failure.
func (m *member) until(what string, ok func() bool) {
	m.e.Helper()
	m.e.soon(what, m.e.Rejoin, func() bool {
		if n := count(m.poll()); n > 0 {
			m.e.Fatalf("%d records flow before Seek", n)
		}
		return ok()
	})
}

// from seeks every owned partition to an offset.
func (m *member) from(offset int64) {
	m.e.Helper()
	at := map[txn.Partition]int64{}
	for _, p := range m.owned {
		at[p] = offset
	}
	m.e.must(m.c.Seek(at))
}

// take polls until it has n records of the partition and returns them; it fails on more of them than that only if
// they come in the same Poll.
func (m *member) take(n int) []txn.Record {
	m.e.Helper()
	var rs []txn.Record
	m.e.soon(fmt.Sprintf("%d records", n), 20*time.Second, func() bool {
		for _, b := range m.poll() {
			rs = append(rs, b.Records...)
		}
		return len(rs) >= n
	})
	return rs
}

func count(bs []*txn.Batch) int {
	n := 0
	for _, b := range bs {
		n += len(b.Records)
	}
	return n
}
