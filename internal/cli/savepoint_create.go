package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/runtime"
)

// createSavepoint asks the running job, if it answers, and else makes it of what the stopped one has committed.
func (a *app) createSavepoint(ctx context.Context, o savepointArgs) error {
	c, err := a.loaded(o)
	if err != nil {
		return err
	}
	r := runtime.SavepointRequest{Name: o.name, To: o.to, Stop: o.stop, Drain: o.drain}
	bar := a.bar("savepoint")
	st, err := a.takeSavepoint(ctx, c, o, r, bar.set)
	bar.end()
	if err != nil {
		return err
	}
	if o.json {
		return a.printJSON(st)
	}
	_, err = fmt.Fprintf(a.out, "%s: %d entries, %s\n", st.URL, st.Entries, size(st.Bytes))
	return err
}

func (a *app) takeSavepoint(ctx context.Context, c *config.Config, o savepointArgs, r runtime.SavepointRequest, progress func(done, total int64)) (runtime.SavepointStatus, error) {
	if !o.offline {
		st, err := newRemote(c).savepoint(ctx, r, progress)
		if !errors.Is(err, errNotRunning) {
			return st, err
		}
		if r.Stop || r.Drain {
			return st, fmt.Errorf("%w: --stop and --drain are for a job that is running", err)
		}
	}
	return a.savepointOfStopped(ctx, c, o.offline, r, progress)
}

func (a *app) savepointOfStopped(ctx context.Context, c *config.Config, offline bool, r runtime.SavepointRequest, progress func(done, total int64)) (st runtime.SavepointStatus, err error) {
	log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	job, err := a.job(c)
	if err != nil {
		return st, fmt.Errorf("%w: %w", runtime.ErrConfig, err)
	}
	opts, err := options(c, job, log)
	if err != nil {
		return st, err
	}
	if opts.Store, err = openStore(c); err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, opts.Store.Close()) }()
	if offline {
		return runtime.SavepointOffline(ctx, opts, r, progress)
	}
	if opts.Client, opts.SinkClient, err = newClients(c, log); err != nil {
		return st, err
	}
	return runtime.SavepointOfStopped(ctx, opts, r, progress)
}
