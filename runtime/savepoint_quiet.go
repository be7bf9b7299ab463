package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/twophase"
)

const (
	// quietPatience bounds the search for a moment without records under way, and with it how long sources stand still.
	quietPatience = time.Minute
	// drainPatience is for as long as all timers of a job may take.
	drainPatience = 10 * time.Minute
	quietEvery    = 100 * time.Millisecond
	// standstill is how long nothing must follow on a cut for it to be the last one: a moment without records under way can be chance while sources are still read, and an
	// instance, which looks for requests every requestEvery, commits then what it has read.
	standstill = 2 * requestEvery
)

// takeFromAll takes a savepoint over all instances: a cut in which nothing is under way, copied out of the checkpoint store. Sources are read again as soon
// as there is one; from then on the hold alone keeps its files.
func (in *Instance) takeFromAll(ctx context.Context, st SavepointStatus) (snapshot.Header, error) {
	return in.holding(ctx, func() (h snapshot.Header, err error) {
		var c cut
		if err := in.quietly(ctx, st, "", func(ctx context.Context, _ func()) (err error) { c, err = in.stillCut(ctx, "", 0); return err }); err != nil {
			return h, err
		}
		return in.copySavepoint(ctx, c, st, in.savepoints.progress)
	})
}

// errMoving: one cut follows on the other.
var errMoving = errors.New("instances still commit what they have read")

// stillCut reads cuts until one has nothing under way, and all that there is is drained if that was asked for, and no other follows on it for as long as it is to last.
func (in *Instance) stillCut(ctx context.Context, drain string, lasting time.Duration) (cut, error) {
	began, patience := time.Now(), quietPatience
	if drain != "" {
		patience = drainPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(quietEvery)
	defer ticker.Stop()
	var last cut
	var since time.Time // that the job has been at last
	for {
		c, err := in.checkedCut(ctx, drain)
		switch {
		case err == nil:
			if !c.at(last) {
				last, since = c, time.Now()
			}
			if time.Since(since) >= lasting {
				in.log.Info("found a moment without records under way", "after", time.Since(began).Round(time.Millisecond))
				return c, nil
			}
			err = errMoving
		case !errors.Is(err, errCrossing) && !errors.Is(err, errUndrained):
			return cut{}, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return cut{}, fmt.Errorf("no moment without records under way was found within %v: %w. Do all instances reach %s? Timers that keep sending records behind an exchange can be the cause too",
				patience, err, in.o.Store.URL())
		}
	}
}

// checkedCut reads a cut; errCrossing and errUndrained say that it is not one to be used.
func (in *Instance) checkedCut(ctx context.Context, drain string) (cut, error) {
	c, err := in.readCut(ctx)
	switch {
	case drain == "":
	case errors.Is(err, errNothing):
		err = errUndrained // the ends will be committed
	case err == nil:
		err = in.checkDrained(ctx, c, drain)
	}
	if err == nil {
		err = in.checkStill(ctx, c)
	}
	return c, err
}

// stopAllWith stops all instances at a moment without records under way. lastSavepoint takes the savepoint when the last one has ended; sources stand still
// until then.
func (in *Instance) stopAllWith(st SavepointStatus) {
	ctx, cancel := in.untilEnded()
	defer cancel()
	drain, lasting := "", standstill
	if st.Drain {
		drain, lasting = checkpoint.NewRun(), 0 // no other has the name; the end of every partition is in its cut
	}
	err := in.quietly(in.ctx, st, drain, func(_ context.Context, stop func()) error {
		if _, err := in.stillCut(ctx, drain, lasting); err != nil {
			return err
		}
		stop()
		in.post(event{then: func() {
			in.last, in.lastDrain = &st, drain
			in.stopQuietly()
		}})
		<-in.ended
		if in.last == nil {
			return errEndedBefore
		}
		<-in.allStopped
		return nil
	})
	if err != nil {
		in.endSavepoint(snapshot.Header{}, err)
	}
}

// stopQuietly ends the work, and the membership with it: nobody is to wait for us.
func (in *Instance) stopQuietly() {
	in.o.KeepMembership = false
	in.step(twophase.Event{Kind: twophase.Shutdown})
}

// ofAllLastCommits takes the savepoint when no instance is left.
func (in *Instance) ofAllLastCommits(ctx context.Context, st SavepointStatus) (snapshot.Header, error) {
	return in.holding(ctx, func() (h snapshot.Header, err error) {
		if err := in.awaitNobody(ctx); err != nil {
			return h, err
		}
		c, err := in.checkedCut(ctx, in.lastDrain)
		if err != nil {
			return h, fmt.Errorf("%w; the instances have stopped. Start them again, and try again", err)
		}
		return in.copySavepoint(ctx, c, st, in.savepoints.progress)
	})
}

// awaitNobody waits until the group has no members any more.
func (in *Instance) awaitNobody(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietPatience)
	defer cancel()
	ticker := time.NewTicker(quietEvery)
	defer ticker.Stop()
	for {
		others, err := in.otherMembers(ctx)
		if err == nil && len(others) == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if err == nil {
				err = fmt.Errorf("group %q still has %s", in.o.JobID, describe(others))
			}
			return fmt.Errorf("not all instances have stopped within %v: %w", quietPatience, err)
		}
	}
}
