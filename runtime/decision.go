package runtime

import (
	"context"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// decision is what the decision record says: where the partitions at work go on, and which checkpoint holds the state of each shard there.
type decision struct {
	positions   map[txn.Partition]int64
	checkpoints map[*shard]checkpoint.ID // a shard without one has no state yet
	times       map[txn.Partition]mark   // of source partitions, where the record itself has them (exchange kafka)
	epoch       uint64                   // the newest of this run that it names; 0: none
	ends        map[txn.Partition]int64  // of bounded sources
	first       map[txn.Partition]int64  // where what is read before everything else ends now
	pin         bool                     // positions or ends were chosen just now, see settle
	finished    bool                     // a bounded job has nothing left to do
}

// readDecision reads what the group has committed for the partitions at work, and which checkpoints that names.
func (in *Instance) readDecision(work []txn.Partition) (decision, error) {
	ctx, cancel := context.WithTimeout(in.ctx, in.o.StartTimeout)
	defer cancel()
	committed, err := in.decisions.read(ctx, work)
	if err != nil {
		return decision{}, err
	}
	ends, err := in.consumer.Ends(ctx, work)
	if err != nil {
		return decision{}, err
	}
	d, err := in.decode(committed)
	if err != nil {
		return decision{}, err
	}
	for _, p := range work {
		pos, ok := committed[p]
		if !ok {
			d.positions[p] = ends[p].Low // new to this job: from its beginning
			continue
		}
		if err := in.held(p, pos.Offset, ends[p]); err != nil {
			return decision{}, err
		}
		d.positions[p] = pos.Offset
	}
	if err := in.checkFresh(ctx, work, committed, d); err != nil {
		return decision{}, err
	}
	if len(committed) == 0 {
		if err := in.checkAgreed(ctx); err != nil {
			return decision{}, err
		}
	}
	return d, in.settle(ctx, &d, committed, ends)
}

// decode reads what stands beside committed offsets: one checkpoint for each shard.
func (in *Instance) decode(committed map[txn.Partition]txn.Position) (decision, error) {
	d := decision{
		positions:   make(map[txn.Partition]int64, len(committed)),
		checkpoints: map[*shard]checkpoint.ID{}, times: map[txn.Partition]mark{}, ends: map[txn.Partition]int64{},
		first: map[txn.Partition]int64{},
	}
	var unnamed []txn.Partition
	for p, pos := range committed {
		m, ok, err := checkpoint.DecodeMetadata(pos.Metadata)
		if err != nil {
			return decision{}, fmt.Errorf("%w: the committed offset of %s/%d: %w", ErrState, p.Topic, p.ID, err)
		}
		if !ok {
			unnamed = append(unnamed, p)
			continue
		}
		if err := d.take(in, p, m); err != nil {
			return decision{}, err
		}
	}
	for _, p := range unnamed {
		if s := in.shardOf(p); s == nil || d.checkpoints[s] == "" {
			continue
		}
		return decision{}, fmt.Errorf("%w: the committed offset of %s/%d was not written by this job (no checkpoint id beside it), others name checkpoint %s. Somebody has reset offsets of a running job: reset all of them and give the job a new WEIR_JOB_ID",
			ErrState, p.Topic, p.ID, d.checkpoints[in.shardOf(p)])
	}
	return d, nil
}

// take notes what stands beside the offset of one partition.
func (d *decision) take(in *Instance, p txn.Partition, m checkpoint.Metadata) error {
	if m.Exchange != in.o.Exchange {
		return fmt.Errorf("%w: the job's commit point is of WEIR_EXCHANGE=%s, this instance has %s: what is in the repartition topics would be lost. Set it back, or start from a savepoint under a new WEIR_JOB_ID",
			ErrState, exchangeName(m.Exchange), exchangeName(in.o.Exchange))
	}
	if m.ID.Run() == in.runName {
		d.epoch = max(d.epoch, m.ID.Epoch())
	}
	s := in.shardOf(p)
	if s == nil {
		d.times[p] = mark{wm: m.Watermark, idle: m.Idle, drained: m.Drained}
		if source := in.sourceReading(p.Topic); m.End != nil && source != nil && source.Bounded {
			d.ends[p] = *m.End
		}
		return in.checkUnended(p, m.Watermark)
	}
	if before := d.checkpoints[s]; before != "" && before != m.ID {
		return fmt.Errorf("%w: the group's committed offsets name two checkpoints, %s and %s (%s/%d); they must all come from one commit. Reset the group to one of them or give the job a new WEIR_JOB_ID",
			ErrState, before, m.ID, p.Topic, p.ID)
	}
	d.checkpoints[s] = m.ID
	return nil
}

func exchangeName(exchange string) string {
	if exchange == "" {
		return "memory"
	}
	return exchange
}

// same says whether two readings of the record name the same checkpoints.
func (d *decision) same(other decision) bool {
	for s, id := range d.checkpoints {
		if other.checkpoints[s] != id {
			return false
		}
	}
	return len(d.checkpoints) == len(other.checkpoints)
}

// offsets are what the decision record of an epoch will hold: where every partition at work goes on, and the checkpoint that holds
// the state there. Those of shards that the epoch has not changed name an earlier one.
func (in *Instance) offsets(epoch twophase.Epoch) (map[txn.Partition]txn.Position, error) {
	f := in.flights[epoch]
	out := make(map[txn.Partition]txn.Position, len(f.sealed.positions))
	for p, o := range f.sealed.positions {
		m := checkpoint.Metadata{ID: f.id, Exchange: in.o.Exchange}
		if s := in.shardOf(p); s != nil {
			m.ID = f.checkpoint(s, in.decision)
		} else {
			now := f.sealed.timeOf(p)
			if m.Idle, m.Drained = now.idle, now.drained; now.wm != operators.NoWatermark {
				m.Watermark = now.wm
			}
			if end, bounded := in.decision.ends[p]; bounded {
				m.End = &end
			}
		}
		text, err := m.Encode()
		if err != nil {
			return nil, err
		}
		out[p] = txn.Position{Offset: o, Metadata: text}
	}
	return out, nil
}
