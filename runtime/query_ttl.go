package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// age lets a view tell what has expired: by the clock, or, in event time, by the watermark of the checkpoint that it shows.
func (in *Instance) age(ctx context.Context, v *StateView, s *shard, life state.Life) error {
	if life.Domain != state.EventTime {
		now := time.Now().UnixMilli()
		v.Expired = func(key []byte) (bool, error) { return life.Expired(v.Snapshot, key, now) }
		return nil
	}
	m, err := s.repo.LoadManifest(ctx, v.Checkpoint())
	if err != nil {
		return fmt.Errorf("the watermark of checkpoint %s: %w", v.Checkpoint(), err)
	}
	stage, err := in.stageOfState(v.State.UID)
	if err != nil {
		return err
	}
	v.Expired = func(key []byte) (bool, error) {
		group, _, _, _, err := state.SplitKey(key)
		if err != nil {
			return false, err
		}
		now, known := watermarkOf(&m, stage, group)
		if !known {
			return false, nil
		}
		return life.Expired(v.Snapshot, key, now)
	}
	return nil
}

// watermarkOf is that of the stage's task with this key group; none: nothing is late yet, and nothing old.
func watermarkOf(m *checkpoint.Manifest, stage string, group uint16) (int64, bool) {
	for _, w := range m.Watermarks {
		if w.Operator == stage && w.From <= group && group < w.To {
			return w.Watermark, true
		}
	}
	return 0, false
}

// stageOfState is the uid of the stage in which the operator with this uid keeps its state.
func (in *Instance) stageOfState(uid string) (string, error) {
	for i := range in.o.Plan.Stages {
		s := &in.o.Plan.Stages[i]
		if s.States == nil {
			continue
		}
		reg, err := state.NewRegistry(nil)
		if err == nil {
			err = s.States(reg)
		}
		if err != nil {
			return "", err
		}
		for _, d := range reg.Descriptors() {
			if d.UID == uid {
				return s.UID, nil
			}
		}
	}
	return "", fmt.Errorf("%w: no stage of the job has operator %q", ErrNoState, uid)
}
