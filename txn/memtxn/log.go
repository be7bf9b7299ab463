package memtxn

import (
	"bytes"
	"slices"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// partition is a log. Its entries are never changed once they are in it.
type partition struct {
	low     int64
	entries []entry // entries[0] has offset low
}

// entry is a record or a transaction's marker.
type entry struct {
	record  txn.Record
	marker  bool
	written int64
	in      *transaction // nil: none
}

func (p *partition) ends() txn.Ends {
	return txn.Ends{Low: p.low, High: p.low + int64(len(p.entries))}
}

// stable is the last stable offset: that of the first record of an open transaction.
func (p *partition) stable() int64 {
	for i := range p.entries {
		if t := p.entries[i].in; t != nil && t.state == open {
			return p.low + int64(i)
		}
	}
	return p.ends().High
}

// since is the offset of the first record with a timestamp of at least ts.
func (p *partition) since(ts int64) (offset int64, ok bool) {
	for i := range p.entries {
		if e := &p.entries[i]; !e.marker && e.record.Timestamp >= ts {
			return p.low + int64(i), true
		}
	}
	return 0, false
}

func (p *partition) append(e entry) {
	e.record.Offset = p.ends().High
	p.entries = append(p.entries, e)
}

func (p *partition) truncate(offset int64) {
	n := min(max(offset-p.low, 0), int64(len(p.entries)))
	p.entries = slices.Clone(p.entries[n:])
	p.low += n
}

// read gives up to limit committed records from offset on, and the offset to go on at.
func (p *partition) read(offset int64, limit int, give func(txn.Record)) (next int64) {
	for end := p.stable(); offset < end && limit > 0; offset++ {
		if e := &p.entries[offset-p.low]; e.visible() {
			give(copied(e.record))
			limit--
		}
	}
	return offset
}

// visible says whether a read_committed consumer is given the entry, once it is stable.
func (e *entry) visible() bool { return !e.marker && (e.in == nil || e.in.state == committed) }

// write appends records, to partitions that the partitioner chooses where they name none. All of them exist, or none is written.
func (c *Cluster) write(t *transaction, sticky *int, records []txn.Record) error {
	logs := make([]*partition, len(records))
	for i := range records {
		p, err := c.target(&records[i], sticky)
		if err != nil {
			return err
		}
		if logs[i], err = c.partition(p); err != nil {
			return err
		}
	}
	now := time.Now().UnixMilli()
	for i := range records {
		r := copied(records[i])
		if r.Timestamp == 0 {
			r.Timestamp = now
		}
		r.Topic, r.Partition = "", 0 // as of a record that was read
		c.written++
		if t != nil {
			t.touch(logs[i])
		}
		logs[i].append(entry{record: r, in: t, written: c.written})
	}
	c.wake()
	return nil
}

// target is the partition that a record is written to. Records without a key go round.
func (c *Cluster) target(r *txn.Record, sticky *int) (txn.Partition, error) {
	p := txn.Partition{Topic: r.Topic, ID: r.Partition}
	n := len(c.topics[r.Topic])
	if n == 0 || p.ID != txn.AnyPartition {
		_, err := c.partition(p)
		return p, err
	}
	if r.Key == nil {
		p.ID = int32(*sticky % n)
		*sticky++
		return p, nil
	}
	p.ID = int32(state.KeyGroup(r.Key, n)) // murmur2, as Java's
	return p, nil
}

// copied shares no memory with r: the log is nobody's but the cluster's.
func copied(r txn.Record) txn.Record {
	r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
	r.Headers = slices.Clone(r.Headers)
	for i := range r.Headers {
		r.Headers[i].Value = bytes.Clone(r.Headers[i].Value)
	}
	return r
}

// merged lists the records of all partitions as they were written.
func merged(topic string, parts []*partition, onlyCommitted bool) []txn.Record {
	var all []entry
	for id, p := range parts {
		end := p.ends().High
		if onlyCommitted {
			end = p.stable()
		}
		for _, e := range p.entries[:end-p.low] {
			if !e.marker && (!onlyCommitted || e.visible()) {
				e.record = copied(e.record)
				e.record.Topic, e.record.Partition = topic, int32(id)
				all = append(all, e)
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return int(a.written - b.written) })
	records := make([]txn.Record, len(all))
	for i := range all {
		records[i] = all[i].record
	}
	return records
}
