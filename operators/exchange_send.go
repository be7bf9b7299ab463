package operators

import (
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// sender is the end that parts records by key group: a batch under way for each task behind the exchange.
type sender[K, T any] struct {
	t       *Task
	x       *Exchange[K, T]
	op      int32
	targets []uint16 // by key group
	batches []*keyedBatch[K, T]
}

// Send is the end of an exchange in the stage that feeds it. Key, key group, origin and timestamp travel with the record.
func (x *Exchange[K, T]) Send(t *Task) Push[T] {
	if t.env.Topic != nil {
		return x.sendTopic(t, t.env.Topic(x.Number))
	}
	s := &sender[K, T]{t: t, x: x, op: t.operator(x.UID)}
	env := t.env
	s.batches = make([]*keyedBatch[K, T], max(env.Parallelism, 1))
	s.targets = targetsOf(env)
	t.flushes = append(t.flushes, s.flush)
	return s.push
}

// targetsOf are the tasks behind an exchange by key group.
func targetsOf(env *Env) []uint16 {
	targets := make([]uint16, max(env.MaxParallelism, 1))
	for g := range targets {
		targets[g] = uint16(state.TaskFor(uint16(g), env.Parallelism, env.MaxParallelism))
	}
	return targets
}

func (s *sender[K, T]) push(v T) error {
	s.t.op = s.op
	k := s.x.Key(v)
	scratch, err := s.x.Codec.Append(s.t.scratch[:0], k)
	if err != nil {
		return s.t.fail(s.op, err)
	}
	s.t.scratch = scratch
	group := state.KeyGroup(scratch, len(s.targets))
	target := s.targets[group]
	b := s.batches[target]
	if b == nil {
		b = s.x.batch()
		b.bytes, b.limit = s.t.bytes, s.t.portion(s.x.Number, int(target), exchangeRecords)
		s.batches[target] = b
	}
	n := len(b.records)
	b.records = b.records[:n+1]
	r := &b.records[n]
	b.keys = append(b.keys, scratch...)
	r.v, r.k, r.origin, r.ts, r.group, r.end = v, k, s.t.origin, s.t.ts, group, uint32(len(b.keys))
	if s.x.Raw {
		b.raws = append(b.raws, s.t.rawRecord())
	}
	if n+1 < b.limit && len(b.keys) < exchangeKeys && s.t.bytes-b.bytes < exchangeBytes {
		return nil
	}
	return s.send(int(target))
}

// rawRecord is the source record at work.
func (t *Task) rawRecord() txn.Record {
	if t.raw == nil {
		return txn.Record{Partition: txn.AnyPartition}
	}
	return *t.raw
}

func (s *sender[K, T]) send(target int) error {
	b := s.batches[target]
	s.batches[target] = nil
	b.bytes = s.t.bytes - b.bytes
	return s.t.env.Send(s.x.Number, target, b)
}

func (s *sender[K, T]) flush() error {
	for target, b := range s.batches {
		if b == nil {
			continue
		}
		if err := s.send(target); err != nil {
			return err
		}
	}
	return nil
}
