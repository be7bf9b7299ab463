package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/weirstream/weir/checkpoint"
)

// keepWarm brings copies of the shards that other instances own up to date from time to time, so that taking one over costs only what has
// changed since. It never touches a shard of ours, and nothing waits for it but a takeover of the very shard that it is copying.
func (in *Instance) keepWarm() {
	ctx, cancel := context.WithCancel(in.ctx)
	defer cancel()
	go func() {
		select {
		case <-in.leave:
		case <-in.ended:
		}
		cancel()
	}()
	for ticker := time.NewTicker(in.o.StandbyInterval); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			ticker.Stop()
			return
		}
		if err := in.warmAll(ctx); err != nil && ctx.Err() == nil {
			in.log.Warn("bringing copies of others' state up to date; it is tried again", "every", in.o.StandbyInterval, "err", err)
		}
	}
}

// warmAll takes the shards in turn.
func (in *Instance) warmAll(ctx context.Context) error {
	d, err := in.shardDecisions(ctx)
	if err != nil {
		return err
	}
	for s, id := range d.checkpoints {
		err = errors.Join(err, s.warm(ctx, id))
	}
	return err
}

// warm brings the backend of a shard that is not ours to the checkpoint id.
func (s *shard) warm(ctx context.Context, id checkpoint.ID) error {
	s.use.Lock()
	defer s.use.Unlock()
	if s.ours.Load() {
		return nil
	}
	if err := s.open(); err != nil {
		return err
	}
	if err := s.publisher.drain(ctx); err != nil {
		return err
	}
	_, err := s.restoreState(ctx, id, decision{})
	if errors.Is(err, checkpoint.ErrNotExist) {
		return nil // the owner has gone on and collected it meanwhile
	}
	return err
}
