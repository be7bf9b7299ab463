package runtime

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
)

// periodic begins the names of savepoints that are taken by schedule, and savepointTime is the rest of them; only those are deleted by it.
const (
	periodic      = "periodic-"
	savepointTime = "20060102T150405.000Z"
)

// How long the schedule waits, if that is not longer than its interval: until it asks again what was not possible now, and until it tries again what has failed.
const (
	scheduleLook  = 2 * time.Second
	scheduleRetry = 10 * time.Minute
)

// savepointsBySchedule takes one every Options.SavepointInterval, over all starts of the job, until the instance ends.
func (in *Instance) savepointsBySchedule() {
	if in.o.SavepointInterval <= 0 {
		return
	}
	timer := time.NewTimer(min(scheduleLook, in.o.SavepointInterval))
	defer timer.Stop()
	for {
		select {
		case now := <-timer.C:
			timer.Reset(min(in.scheduledSavepoint(now), in.o.SavepointInterval))
		case <-in.ended:
			return
		}
	}
}

// scheduledSavepoint takes one if one is due, and says how long to wait for the next look. The store knows when the last one was taken, by whichever process.
func (in *Instance) scheduledSavepoint(now time.Time) (wait time.Duration) {
	if !in.Status().Ready() || len(in.shards) == 0 || !in.single() && !in.shards[0].ours.Load() || !in.shards[0].committed() {
		return scheduleLook // they are taken by the first shard's owner, once there is anything to take
	}
	taken, err := in.scheduledBefore(in.ctx)
	if err != nil {
		in.log.Warn("the schedule of savepoints can't tell when the last one was taken; it looks again", "err", err)
		return scheduleLook
	}
	for _, last := range slices.Backward(taken) {
		if wait := last.at.Add(in.o.SavepointInterval).Sub(now); !last.damaged && wait > 0 {
			return wait
		}
	}
	st, err := in.startSavepoint(SavepointStatus{Name: periodic + now.UTC().Format(savepointTime), Scheduled: true})
	if err != nil {
		in.log.Info("a savepoint by schedule waits", "for", err)
		return scheduleLook
	}
	in.AwaitSavepoint(in.ctx)
	if in.savepoints.of(st.Name) != SavepointDone {
		return scheduleRetry // the log has why
	}
	if err := in.retireSavepoints(in.ctx); err != nil {
		in.log.Warn("deleting old savepoints; they stay for now", "err", err)
	}
	return time.Until(now.Add(in.o.SavepointInterval))
}

// scheduled is a savepoint that the schedule has taken.
type scheduled struct {
	path    string
	at      time.Time
	damaged bool
}

// scheduledBefore lists those that are there, the oldest first.
func (in *Instance) scheduledBefore(ctx context.Context) (all []scheduled, err error) {
	found, err := snapshot.List(ctx, in.o.Store, snapshot.Path(in.o.JobID, periodic))
	if err != nil {
		return nil, err
	}
	for _, f := range found { // names are times, so they sort by age
		name := path.Base(f.Path)
		if at, err := time.Parse(periodic+savepointTime, name); err == nil && f.Path == snapshot.Path(in.o.JobID, name) {
			all = append(all, scheduled{f.Path, at, f.Err != nil})
		}
	}
	return all, nil
}

// retireSavepoints deletes those of the schedule that are older than as many as are to be retained, which damaged ones don't count among.
func (in *Instance) retireSavepoints(ctx context.Context) error {
	if in.o.SavepointsRetained <= 0 {
		return nil
	}
	taken, err := in.scheduledBefore(ctx)
	if err != nil {
		return err
	}
	var errs []error
	good := 0
	for _, s := range slices.Backward(taken) {
		if good == in.o.SavepointsRetained {
			if err := snapshot.Delete(ctx, in.o.Store, s.path); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", s.path, err))
			}
			continue
		}
		if !s.damaged {
			good++
		}
	}
	return errors.Join(errs...)
}
