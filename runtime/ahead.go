package runtime

import (
	"unsafe"

	"github.com/weirstream/weir/txn"
)

// aheadBytes bounds the outputs of all tasks of an attempt that wait for their epoch to open.
const aheadBytes = 16 << 20

// ahead is outputs of a task that has run ahead: the transaction before theirs is still being committed. A task that waited for that, rather than keep them,
// would stand still for as long as each commit takes.
type ahead struct {
	records []txn.Record
	bytes   int64
}

// keep takes in outputs of an epoch that is not open yet; false: it is, or there is no room.
func (t *task) keep(records []txn.Record) bool {
	a := t.attempt
	if a.gate.passable(t.epoch) {
		return false
	}
	size := sizeOfRecords(records)
	if a.ahead.Add(size) > aheadBytes {
		a.ahead.Add(-size)
		return false
	}
	t.ahead.records = append(t.ahead.records, records...)
	t.ahead.bytes += size
	return true
}

// handOver writes what was kept, before anything that came later, and before the task lets a barrier pass.
func (t *task) handOver() error {
	kept := t.ahead
	if len(kept.records) == 0 {
		return nil
	}
	t.ahead = ahead{}
	t.attempt.ahead.Add(-kept.bytes)
	return t.write(kept.records)
}

// catchUpOutputs hands over what was kept if the epoch is open by now. When it opens the task is woken up (attempt.open): it needn't wait for that.
func (t *task) catchUpOutputs() error {
	if len(t.ahead.records) == 0 || !t.attempt.gate.passable(t.epoch) {
		return nil
	}
	return t.handOver()
}

// sizeOfRecords is about the memory that outputs take up.
func sizeOfRecords(records []txn.Record) (n int64) {
	const header = int64(unsafe.Sizeof(txn.Record{}))
	for i := range records {
		n += int64(len(records[i].Key)+len(records[i].Value)) + header
	}
	return n
}
