package runtime

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/txn"
)

// view is what others see of an instance: written by the loop, read by anybody.
type view struct {
	mu sync.Mutex
	s  Status
	at time.Time // last sign of life of the loop
}

func (v *view) change(f func(s *Status)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(&v.s)
	v.at = time.Now()
}

func (v *view) set(p Phase, run string) {
	v.change(func(s *Status) { *s = Status{Phase: p, Since: time.Now(), Run: run, Lag: -1} })
}

func (v *view) phase(p Phase) {
	v.change(func(s *Status) {
		if s.Phase != p {
			s.Phase, s.Since = p, time.Now()
		}
	})
}

func (v *view) epoch(n uint64)   { v.change(func(s *Status) { s.Epoch = n }) }
func (v *view) partitions(n int) { v.change(func(s *Status) { s.Partitions = n }) }

func (v *view) committed(id string) {
	v.change(func(s *Status) { s.Checkpoint, s.LastCommit, s.Commits, s.LastError = id, time.Now(), s.Commits+1, "" })
}

func (v *view) failed(err error) {
	v.change(func(s *Status) { s.Aborts++; s.LastError = err.Error() })
}

// Status says what the instance is doing.
func (in *Instance) Status() Status {
	in.view.mu.Lock()
	defer in.view.mu.Unlock()
	s := in.view.s
	s.Restore, s.BaseSnapshot = in.download.status(), in.upload.status()
	s.RestoreFrom = in.inherited.status()
	s.RecordsIn, s.RecordsOut = in.count.recordsIn.Load(), in.count.recordsOut.Load()
	return s
}

// LastBeat is when the loop last showed that it is alive; it does so every second, whatever it waits for.
func (in *Instance) LastBeat() time.Time {
	in.view.mu.Lock()
	defer in.view.mu.Unlock()
	return in.view.at
}

// counters count what tasks read and write.
type counters struct {
	m                     *metrics.Metrics
	recordsIn, recordsOut atomic.Uint64
}

func (c *counters) in(b *txn.Batch) {
	c.recordsIn.Add(uint64(len(b.Records)))
	c.m.In(b.Partition.Topic, len(b.Records), b.Bytes)
}

// out counts records written, which nearly always all go to one topic.
func (c *counters) out(records []txn.Record) {
	c.recordsOut.Add(uint64(len(records)))
	start, bytes := 0, 0
	for i := range records {
		if records[i].Topic != records[start].Topic {
			c.m.Out(records[start].Topic, i-start, bytes)
			start, bytes = i, 0
		}
		bytes += len(records[i].Key) + len(records[i].Value)
	}
	c.m.Out(records[start].Topic, len(records)-start, bytes)
}

// beat runs once a second in the loop: what is measured rather than counted.
func (in *Instance) beat() {
	in.view.change(func(*Status) {})
	a := in.attempt
	if a == nil || !in.active {
		return
	}
	if in.idle() {
		in.restarts.healthy(time.Now())
	}
	go func() {
		var positions map[txn.Partition]int64
		if !in.reader.do(func() {
			if in.reader.attempt == a {
				positions = in.reader.positions()
			}
		}) || positions == nil {
			return
		}
		in.measure(positions)
	}()
}

// idle says whether work stands ready and has nothing to commit.
func (in *Instance) idle() bool {
	open := in.machine.Open()
	return open != 0 && in.machine.Closing() == 0 && in.dirty < open
}

// measure updates lag and overlay size.
func (in *Instance) measure(positions map[txn.Partition]int64) {
	var lag int64
	for p, next := range positions {
		end := in.consumer.KnownEnd(p)
		if end < 0 {
			continue
		}
		behind := max(end-next, 0)
		lag += behind
		in.m.SetLag(p.Topic, p.ID, behind)
	}
	in.view.change(func(s *Status) { s.Lag = lag })
}
