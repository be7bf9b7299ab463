package txntest

import (
	"context"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/txn"
)

// read returns what a partition holds from the start to its end as of now, read by another client.
func (e *env) read(topic string, partition int32, committed bool) []*kgo.Record {
	e.Helper()
	level := kgo.ReadUncommitted()
	list := e.admin.ListEndOffsets
	if committed {
		level, list = kgo.ReadCommitted(), e.admin.ListCommittedOffsets
	}
	ends, err := list(e.ctx, topic)
	e.must(err)
	end, _ := ends.Lookup(topic, partition)
	e.must(end.Err)
	kc, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(e.Brokers, ",")...), kgo.FetchIsolationLevel(level),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))
	e.must(err)
	defer kc.Close()
	return drain(e, kc, end.Offset)
}

func drain(e *env, kc *kgo.Client, end int64) []*kgo.Record {
	var out []*kgo.Record
	ctx, cancel := context.WithTimeout(e.ctx, 20*time.Second)
	defer cancel()
	for next := int64(0); next < end; {
		fs := kc.PollFetches(ctx)
		e.must(fs.Err())
		fs.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() && r.Offset < end {
				out = append(out, r)
			}
		})
	}
	return out
}

// committed waits until a partition holds n committed records, and returns them.
func (e *env) committed(topic string, partition int32, n int) []*kgo.Record {
	e.Helper()
	var rs []*kgo.Record
	for range 100 {
		if rs = e.read(topic, partition, true); len(rs) == n {
			return rs
		}
		time.Sleep(20 * time.Millisecond)
	}
	e.Fatalf("%s, partition %d holds %d committed records; want %d", topic, partition, len(rs), n)
	return nil
}

// values returns the values of partition 0.
func (e *env) values(topic string, committed bool) []string {
	e.Helper()
	vs := []string{}
	for _, r := range e.read(topic, 0, committed) {
		vs = append(vs, string(r.Value))
	}
	return vs
}

// wantValues requires the values of partition 0, soon: a commit is decided before its markers are in the partitions.
func (e *env) wantValues(topic string, committed bool, want ...string) {
	e.Helper()
	var got string
	for range 100 {
		if got = strings.Join(e.values(topic, committed), ","); got == strings.Join(want, ",") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	e.Fatalf("%s (committed: %v) holds %s; want %v", topic, committed, got, want)
}

// position returns a group's committed position by the driver's admin.
func (e *env) position(group string, p txn.Partition) (txn.Position, bool) {
	e.Helper()
	a, err := e.client.NewAdmin()
	e.must(err)
	defer a.Close()
	m, err := a.Committed(e.ctx, group, []txn.Partition{p})
	e.must(err)
	pos, ok := m[p]
	return pos, ok
}
