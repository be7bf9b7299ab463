package cli

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/console"
	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

// web is the console with the metrics that it shows; the console can be off.
type web struct {
	console *console.Server
	metrics *metrics.Metrics
	log     *slog.Logger
}

func (a *app) listen(c *config.Config, log *slog.Logger) (*web, error) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w := &web{metrics: metrics.New(reg, c.JobID, c.InstanceID), log: log}
	version, revision, goVersion := a.build()
	w.metrics.SetBuild(version, revision, goVersion)
	if c.HTTPAddr == "off" {
		return w, nil
	}
	server, err := console.Listen(console.Options{
		Addr: c.HTTPAddr, Metrics: reg, Token: c.APIToken, StartTimeout: c.StartTimeout, Logger: log,
		About: console.About{Job: c.Job, JobID: c.JobID, InstanceID: c.InstanceID, Guarantee: c.Guarantee, Version: version},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", runtime.ErrConfig, err)
	}
	w.console = server
	return w, nil
}

func (w *web) serve(in *runtime.Instance, graph *stream.Graph) {
	if w.console != nil {
		w.console.Serve(in, graph)
		w.log.Info("listening", "http", w.console.Addr())
	}
}

func (w *web) close() error {
	if w.console == nil {
		return nil
	}
	return closing("HTTP server", w.console.Close())
}
