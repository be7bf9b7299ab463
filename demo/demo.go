package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// demo is one run.
type demo struct {
	o      Options
	folder string
	screen *screen
	broker *broker
	feeder *feeder
	worker *worker
	watch  *watcher
	begin  time.Time
	// samples are those of the last second or so, oldest first.
	samples []sample
}

// Run runs a demo to its verdict. When ctx ends it stops feeding, and goes on to the verdict.
func Run(ctx context.Context, o Options) (v Verdict, err error) {
	t, err := openText(o.Input)
	if err != nil {
		return v, err
	}
	d := &demo{o: o, screen: newScreen(o.Out)}
	if d.folder, err = makeFolder(o.Keep); err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, d.cleanUp(err == nil && v.Holds(o.Guarantee))) }()
	d.screen.say("Weir demo: %s word count of %s", o.Guarantee, t.name)
	if d.broker, err = startBroker(filepath.Join(d.folder, "broker")); err != nil {
		return v, err
	}
	defer d.broker.close()
	if err := d.process(ctx, t); err != nil {
		return v, err
	}
	d.screen.say("Recounting the input and reading the committed output from the start …")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	if v, err = verify(limit, d.broker); err != nil {
		return v, err
	}
	d.report(v)
	return v, nil
}

// makeFolder makes the folder for everything that the demo writes.
func makeFolder(keep string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", "weir-demo-")
	}
	path, err := filepath.Abs(keep)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		return "", fmt.Errorf("--keep=%s: %w; expected a folder that can be made or is empty", keep, err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
		return "", errors.Join(fmt.Errorf("--keep=%s: the folder is not empty; expected a new or an empty one", keep), err)
	}
	return path, nil
}

// cleanUp removes the folder unless it is to be kept or tells of something that went wrong.
func (d *demo) cleanUp(good bool) error {
	if d.o.Keep == "" && good {
		return os.RemoveAll(d.folder)
	}
	d.screen.say("Topics, state and the worker's log are in %s", d.folder)
	return nil
}

// process feeds, kills and shows until all of the input has been processed and the worker has ended.
func (d *demo) process(ctx context.Context, t text) (err error) {
	whole, stopWorker := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorker()
	feeding, stopFeeding := d.feedingTime(ctx)
	defer stopFeeding()
	if d.feeder, err = newFeeder(d.broker, d.o.Rate); err != nil {
		return err
	}
	defer d.feeder.close()
	crashing, stopCrashing := context.WithCancel(whole)
	defer stopCrashing()
	if d.worker, err = startWorker(whole, crashing, d.o, d.broker.addr, d.folder); err != nil {
		return err
	}
	defer func() { stopWorker(); <-d.worker.done }()
	if d.watch, err = watch(d.broker, d.worker.log, &d.feeder.behind); err != nil {
		return err
	}
	defer d.watch.close()

	d.begin = time.Now()
	if err := d.during("feeding", func() error { return d.feed(feeding, stopFeeding, t) }); err != nil {
		return err
	}
	stopCrashing()
	if err := d.during("finishing", func() error { return d.broker.drain(whole, d.worker.failed) }); err != nil {
		return err
	}
	stopWorker()
	<-d.worker.done
	return d.workerError()
}

func (d *demo) feedingTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.o.Duration > 0 {
		return context.WithTimeout(ctx, d.o.Duration)
	}
	return context.WithCancel(ctx)
}

// feed feeds until the end, or until the worker cannot go on.
func (d *demo) feed(ctx context.Context, stop func(), t text) error {
	fed := make(chan error, 1)
	go func() { fed <- d.feeder.feed(ctx, t) }()
	select {
	case err := <-fed:
		return err
	case err := <-d.worker.failed:
		stop()
		return errors.Join(err, <-fed)
	}
}

func (d *demo) workerError() error {
	select {
	case err := <-d.worker.failed:
		return err
	default:
		return nil
	}
}

// during shows frames while work goes on.
func (d *demo) during(stage string, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	tick := time.NewTicker(d.screen.every())
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			d.screen.show(d.frame(stage))
			return err
		case <-tick.C:
			d.screen.show(d.frame(stage))
		}
	}
}

func (d *demo) frame(stage string) frame {
	now := time.Now()
	f := frame{o: d.o, now: now, elapsed: now.Sub(d.begin), stage: stage, sent: d.feeder.sent.Load(), behind: max(0, d.feeder.behind.Load()), kills: d.worker.kills.Load(),
		starts: d.worker.starts.Load(), pid: d.worker.pid.Load(), seen: d.watch.seen(10)}
	f.inRate, f.outRate = d.rates(now, f.sent, f.seen.outputs)
	return f
}

// sample is what had been done at some moment.
type sample struct {
	at        time.Time
	sent, out int64
}

// rates are those of about the last second: a checkpoint makes many outputs visible at once.
func (d *demo) rates(now time.Time, sent, out int64) (in, o float64) {
	if len(d.samples) == 0 {
		d.samples = []sample{{at: d.begin}}
	}
	for len(d.samples) > 1 && now.Sub(d.samples[1].at) >= time.Second-50*time.Millisecond {
		d.samples = d.samples[1:]
	}
	since := d.samples[0]
	d.samples = append(d.samples, sample{now, sent, out})
	seconds := max(0.05, now.Sub(since.at).Seconds())
	return float64(sent-since.sent) / seconds, float64(out-since.out) / seconds
}

func (d *demo) report(v Verdict) {
	s := d.screen
	s.say("")
	s.say("Recounted  %12s lines, %s words, %s different", thousands(v.Lines), thousands(v.Words), thousands(v.Different))
	s.say("Committed  %12s counts by %d processes, of which %d were killed with kill -9", thousands(v.Outputs), d.worker.starts.Load(), d.worker.kills.Load())
	for _, example := range v.Examples {
		s.say("           %s", example)
	}
	switch {
	case v.Holds(d.o.Guarantee) && v.Repeated == 0:
		s.say("Verdict    EXACT: the counts of every word are 1, 2, 3 … n, each once and in order, and n is what the recount says")
	case v.Holds(d.o.Guarantee):
		s.say("Verdict    NOTHING LOST: every count is right, %s came more than once, as at-least-once permits", thousands(v.Repeated))
	default:
		s.say("Verdict    WRONG: %s counts are lost or wrong, %s came more than once", thousands(v.Faults), thousands(v.Repeated))
	}
}
