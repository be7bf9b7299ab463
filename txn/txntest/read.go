package txntest

import (
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

// read returns what a partition holds from the start to its end as of now, as another reader than the driver sees it.
func (e *env) read(topic string, partition int32, committed bool) []txn.Record {
	e.Helper()
	rs, err := e.eye.Read(e.ctx, txn.Partition{Topic: topic, ID: partition}, committed)
	e.must(err)
	return rs
}

// committed waits until a partition holds n committed records, and returns them.
func (e *env) committed(topic string, partition int32, n int) []txn.Record {
	e.Helper()
	var rs []txn.Record
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
