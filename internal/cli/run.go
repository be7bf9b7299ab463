package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/runtime"
)

// demoWorker is run with the built-in jobs whatever the program's own are: the demo starts it as a child.
const demoWorker = "demo-worker"

func (a *app) runBuiltin(ctx context.Context, args []string) int {
	go a.dieWithParent(os.Stdin)
	worker := *a
	worker.program.Jobs = nil
	return worker.runJob(ctx, args)
}

// runJob runs one instance of the job that the settings name.
func (a *app) runJob(ctx context.Context, args []string) int {
	c, err := a.load(args)
	if err != nil {
		return ExitSettings
	}
	boundMemory(c)
	log := newLogger(a.err, c)
	slog.SetDefault(log) // libraries that know no other
	log.Info("starting", "version", a.version(), "guarantee", c.Guarantee, "interval", c.CheckpointInterval.String(), "brokers", c.Brokers, "sink_brokers", cmp.Or(c.SinkBrokers, c.Brokers))
	stop := a.enforceDeadline(ctx, c, log)
	defer stop()
	err = a.runInstance(ctx, c, log)
	code := exitCode(err)
	if err != nil {
		log.Error("ended", "err", err, "exit", code)
	} else {
		log.Info("stopped")
	}
	return code
}

// margin is what follows the shutdown timeout: closing what is open. With the default of 8 s all ends within 9.5 s.
const margin = 1500 * time.Millisecond

// enforceDeadline ends the process if the orderly end hangs.
func (a *app) enforceDeadline(ctx context.Context, c *config.Config, log *slog.Logger) (stop func()) {
	done := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		log.Info("stopping: last barrier and commit", "timeout", c.ShutdownTimeout.String())
		select {
		case <-done:
		case <-time.After(c.ShutdownTimeout + margin):
			log.Error("did not stop in time; the last epoch is processed again at the next start", "timeout", c.ShutdownTimeout.String(), "exit", ExitFailure)
			a.exit(ExitFailure)
		}
	})
	return func() { unhook(); close(done) }
}

// runInstance opens what an instance needs, runs it, and closes in the opposite order.
func (a *app) runInstance(ctx context.Context, c *config.Config, log *slog.Logger) (err error) {
	web, err := a.listen(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, web.close()) }()
	job, err := a.job(c)
	if err != nil {
		return fmt.Errorf("%w: %w", runtime.ErrConfig, err)
	}
	o, err := options(c, job, log)
	if err != nil {
		return err
	}
	graph, err := job.Describe()
	if err != nil {
		return fmt.Errorf("%w: %w", runtime.ErrConfig, err)
	}
	o.Metrics = web.metrics
	if o.Client, o.SinkClient, err = newClients(c, log); err != nil {
		return err
	}
	if o.Store, err = openStore(c); err != nil {
		return err
	}
	if o.Exchange == "" {
		if o.Backend, err = openBackend(c, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing("state backend", o.Backend.Close())) }()
	}
	in, err := runtime.New(o)
	if err != nil {
		return err
	}
	web.serve(in, graph)
	return in.Run(ctx)
}

func closing(what string, err error) error {
	if err != nil {
		return fmt.Errorf("close %s: %w", what, err)
	}
	return nil
}
