package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
)

const (
	// quietPatience bounds the search for a moment without records under way, and with it how long sources stand still.
	quietPatience = time.Minute
	quietEvery    = 100 * time.Millisecond
)

// takeFromAll takes a savepoint over all instances: a cut in which nothing is under way, copied out of the checkpoint store. Sources are read again as soon
// as there is one; from then on the hold alone keeps its files.
func (in *Instance) takeFromAll(ctx context.Context, st SavepointStatus) (snapshot.Header, error) {
	return in.holding(ctx, func() (h snapshot.Header, err error) {
		var c cut
		if err := in.quietly(ctx, st, func(ctx context.Context) (err error) { c, err = in.stillCut(ctx); return err }); err != nil {
			return h, err
		}
		return in.copySavepoint(ctx, c, st, in.savepoints.progress)
	})
}

// stillCut reads cuts until one has nothing under way.
func (in *Instance) stillCut(ctx context.Context) (cut, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, quietPatience)
	defer cancel()
	ticker := time.NewTicker(quietEvery)
	defer ticker.Stop()
	for {
		c, err := in.readCut(ctx)
		if err == nil {
			err = in.checkStill(ctx, c)
		}
		switch {
		case err == nil:
			in.log.Info("found a moment without records under way", "after", time.Since(began).Round(time.Millisecond))
			return c, nil
		case !errors.Is(err, errCrossing):
			return cut{}, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return cut{}, fmt.Errorf("no moment without records under way was found within %v: %w. Do all instances reach %s? Timers that keep sending records behind an exchange can be the cause too",
				quietPatience, err, in.o.Store.URL())
		}
	}
}
