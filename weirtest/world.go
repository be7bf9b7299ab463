package weirtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
)

// world is what outlives a process: clusters, the checkpoint store and local disk. It belongs to one bubble.
type world struct {
	settings
	job      func() *stream.Job
	name     string // of the job
	sources  []*stream.SourceSpec
	inputs   []string // topics that the job reads
	outputs  []string
	internal []string        // repartition topics
	cluster  *memtxn.Cluster // of the inputs
	sink     *memtxn.Cluster // of the outputs: another one with the option TwoClusters
	store    checkpoint.Store
	disk     *disks
	injector *injector
	process  *process // nil: none runs
	ends     int      // how many processes ended without being asked to
	drains   int      // were asked for
	bounded  bool     // the job ends by itself
	over     bool     // and has done so
	log      *tail
}

func newWorld(job func() *stream.Job, s settings) (*world, error) {
	plan, err := job().Plan()
	if err != nil {
		return nil, err
	}
	store, err := checkpoint.OpenStore("mem://")
	if err != nil {
		return nil, err
	}
	w := &world{
		settings: s, job: job, name: plan.Job, cluster: memtxn.NewCluster(), store: store, disk: newDisks(),
		injector: newInjector(), log: &tail{}, bounded: true,
	}
	w.sink = w.cluster
	if s.twoClusters {
		w.sink = memtxn.NewCluster()
	}
	for _, stage := range plan.Stages {
		if stage.Source != nil {
			w.sources = append(w.sources, stage.Source)
			w.inputs = append(w.inputs, stage.Source.Topics...)
			w.bounded = w.bounded && stage.Source.Bounded
		}
		w.outputs = append(w.outputs, stage.Sinks...)
	}
	for _, topic := range s.topics {
		if w.reads(topic) {
			w.inputs = append(w.inputs, topic)
		} else {
			w.outputs = append(w.outputs, topic)
		}
	}
	slices.Sort(w.inputs)
	slices.Sort(w.outputs)
	w.inputs, w.outputs = slices.Compact(w.inputs), slices.Compact(w.outputs)
	for _, topic := range w.inputs {
		err = errors.Join(err, w.cluster.CreateTopic(topic, s.partitions))
	}
	for _, topic := range w.outputs {
		if w.twoClusters || !slices.Contains(w.inputs, topic) {
			err = errors.Join(err, w.sink.CreateTopic(topic, 1))
		}
	}
	return w, errors.Join(err, w.layOut(plan), w.beginAt())
}

// discovery is off where nothing can be discovered: what is done from time to time would be among the calls that fail.
func (w *world) discovery() time.Duration {
	if w.grows || slices.ContainsFunc(w.sources, func(s *stream.SourceSpec) bool { return s.Pattern != nil }) {
		return discovery
	}
	return 0
}

// process is a run of the job's one instance.
type process struct {
	*runtime.Instance
	life   *life
	cancel context.CancelFunc
	done   chan error
}

// start begins a process on what the ones before it have left. It builds the job anew, as a process does.
func (w *world) start() error {
	plan, err := w.job().Plan()
	if err != nil {
		return err
	}
	c, s := w.cluster.Client("weirtest"), w.sink.Client("weirtest")
	l := &life{injector: w.injector, kill: func() { c.Kill(); s.Kill() }}
	var sink txn.Client
	if w.twoClusters {
		sink = &client{Client: s, life: l}
	}
	in, err := runtime.New(w.through(l, runtime.Options{
		Plan: plan, JobID: w.name, InstanceID: "weirtest", Client: &client{c, l, w.twoClusters && w.guarantee == twophase.ExactlyOnce}, SinkClient: sink, Guarantee: w.guarantee, Interval: interval,
		Backend: w.disk.open("", l), Store: &store{w.store, l}, Parallelism: w.parallelism, MaxParallelism: w.groups, Portion: portion, RestoreFrom: w.restoreFrom(l),
		OverlayLimit: 64 << 20, CacheBytes: 16 << 20, TransactionTimeout: transactionTimeout, SessionTimeout: patience,
		StartTimeout: patience, ShutdownTimeout: patience, Discovery: w.discovery(),
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{Instance: in, life: l, cancel: cancel, done: make(chan error, 1)}
	go func() { p.done <- in.Run(ctx) }()
	w.process = p
	return nil
}

// stop ends the process in good order.
func (w *world) stop() error {
	if w.process == nil {
		return nil
	}
	w.process.cancel()
	return w.ended(w.await())
}

// kill ends the process as kill -9 does, and leaves a part of its local state.
func (w *world) kill(left LocalState) error {
	if w.process != nil {
		w.process.life.die()
		_ = w.await() // whatever the dead thought of it
	}
	return w.disk.crash(left)
}

// await waits for the end of the process and returns what it said.
func (w *world) await() error {
	p := w.process
	w.process = nil
	defer p.cancel()
	select {
	case err := <-p.done:
		w.ends++
		if p.life.dead.Load() {
			return errDead
		}
		return err
	case <-time.After(stuck):
		p.life.die()
		return errors.Join(fmt.Errorf("the process does not end within %v", stuck), <-p.done)
	}
}

// ended takes a process for dead of a fault if one has happened; every other error is the job's or the runtime's own.
func (w *world) ended(err error) error {
	fault := w.injector.fired()
	switch {
	case err == nil:
		return nil
	case fault.Call == "" || w.ends > mostEnds:
		return fmt.Errorf("the job's process ended: %w", err)
	case errors.Is(err, errDead) && fault.Class == 0:
		return w.disk.crash(fault.Local)
	}
	return nil
}

// mostEnds bounds how often processes of one world may end before somebody should look at it.
const mostEnds = 6

// revive starts a process if none runs.
func (w *world) revive() error {
	if w.process != nil {
		select {
		case err := <-w.process.done:
			w.process.done <- err
			err = w.await()
			w.over = err == nil
			if err := w.ended(err); err != nil || w.over {
				return err
			}
		default:
			return nil
		}
	}
	return w.start()
}

// send writes records to their topics.
func (w *world) send(records []Record) error {
	for _, r := range records {
		if !slices.Contains(w.inputs, r.Topic) || !w.reads(r.Topic) {
			return fmt.Errorf("job %q does not read topic %q, but %q", w.name, r.Topic, w.inputs)
		}
	}
	return w.cluster.Append(records...)
}

func (w *world) reads(topic string) bool {
	return slices.ContainsFunc(w.sources, func(s *stream.SourceSpec) bool { return s.Reads(topic) })
}

// process everything that was sent; with commit also commit it. In the bubble time passes only when nothing is left to do, so that a
// moment is enough; longer waits are those of recovery.
func (w *world) settle(commit bool) error {
	step := 5 * time.Millisecond
	w.over = false
	for end := time.Now().Add(stuck); time.Now().Before(end); {
		if err := w.revive(); err != nil {
			return err
		}
		if w.over {
			return nil
		}
		time.Sleep(step)
		switch {
		case w.bounded:
		case commit && w.allCommitted():
			return nil
		case !w.process.Status().Ready():
			step = min(2*step, time.Second)
		case commit:
			w.process.Barrier()
		default:
			time.Sleep(50 * time.Millisecond) // more than the longest pause between two looks at the topics
			return nil
		}
	}
	return fmt.Errorf("the input is not committed after %v: %s", stuck, w.process.Status().LastError)
}

// allCommitted says whether the committed offsets are the ends of the inputs, and nothing is under way in repartition topics.
func (w *world) allCommitted() bool {
	decided, err := w.decided()
	if err != nil {
		return false
	}
	for _, topic := range w.inputs {
		for p := (txn.Partition{Topic: topic}); ; p.ID++ {
			ends, _, err := w.cluster.Ends(p)
			if err != nil {
				break // there is no such partition
			}
			if decided[p].Offset != ends.High {
				return false
			}
		}
	}
	return w.crossed(decided)
}
