package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
)

// periodic begins the names of savepoints that are taken by schedule; only those are deleted by it.
const periodic = "periodic-"

// savepointsBySchedule takes one every Options.SavepointInterval until the instance ends.
func (in *Instance) savepointsBySchedule() {
	if in.o.SavepointInterval <= 0 {
		return
	}
	ticker := time.NewTicker(in.o.SavepointInterval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			in.scheduledSavepoint(now)
		case <-in.ended:
			return
		}
	}
}

func (in *Instance) scheduledSavepoint(now time.Time) {
	if !in.single() && (len(in.shards) == 0 || !in.shards[0].ours.Load()) {
		return // that of the first shard's owner
	}
	st, err := in.startSavepoint(SavepointStatus{Name: periodic + now.UTC().Format("20060102T150405.000Z"), Scheduled: true})
	if err != nil {
		in.m.SavepointFailed(true)
		in.log.Warn("no savepoint by schedule this time", "err", err)
		return
	}
	in.AwaitSavepoint(in.ctx)
	all := in.Savepoints()
	if last := all[len(all)-1]; last.Name != st.Name || last.State != SavepointDone {
		return // the log has why
	}
	if err := in.retireSavepoints(in.ctx); err != nil {
		in.log.Warn("deleting old savepoints; they stay for now", "err", err)
	}
}

// retireSavepoints deletes those taken by schedule but for the newest ones. Names are times, so they sort by age.
func (in *Instance) retireSavepoints(ctx context.Context) error {
	if in.o.SavepointsRetained <= 0 {
		return nil
	}
	found, err := snapshot.List(ctx, in.o.Store, snapshot.Path(in.o.JobID, periodic))
	if err != nil {
		return err
	}
	var errs []error
	for i, f := range found {
		if i < len(found)-in.o.SavepointsRetained && strings.HasPrefix(f.Path, snapshot.Path(in.o.JobID, periodic)) {
			if err := snapshot.Delete(ctx, in.o.Store, f.Path); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", f.Path, err))
			}
		}
	}
	return errors.Join(errs...)
}
