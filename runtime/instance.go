package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// Instance is one running process of a job. One loop owns the protocol and everything in the section "loop": it takes
// events from its box, steps the machine and carries out the effects, the slow ones on goroutines of their own
// that answer with an event.
type Instance struct {
	o            Options
	log          *slog.Logger
	m            *metrics.Metrics
	runName      string
	overlayShare int64 // the overlay limit of one task

	box    chan event
	ended  chan struct{} // the loop has ended
	ctx    context.Context
	cancel context.CancelFunc
	leave  chan struct{} // closed when shutdown begins: nobody sleeps any longer

	admin     txn.Admin
	sinkAdmin txn.Admin // the same if there is one cluster
	decisions decisions
	consumer  txn.Consumer
	reader    *reader
	count     counters
	view      view
	topology  topology // since prepare
	shards    []*shard // all of the job's, ours or not
	sinks     *sinks
	losses    *losses
	hasBegun  atomic.Bool // the job is known to have a commit point (beginning)
	met       atomic.Bool // the group was looked at since this instance has joined it (checkMet)
	told      sync.Map    // what was warned of (tellOnce)

	savepoints savepoints
	suspended  suspension
	far        far
	allStopped chan struct{} // closed when the savepoint that the job stops for is taken, or can't be
	download   transfer      // of state, in restores
	upload     transfer      // of base snapshots
	inherited  transfer      // of the savepoint that the job starts from

	// loop
	machine    twophase.Machine
	producer   txn.Producer
	attempt    *attempt
	work       work
	owned      []txn.Partition
	meta       txn.GroupMetadata
	purged     time.Time // when records of repartition topics were last let go
	member     string    // our member id in the group, as of the last assignment; empty: not known
	assignment int       // counts rebalances, to tell late answers
	active     bool      // the machine knows the present assignment
	wasLost    bool      // partitions were lost since we last had all
	absent     []string  // topics of patterns that the last look did not find
	lacking    bool      // some may be gone: what is owned is not to be committed before it is given back
	// zombie: a successor is at work. As soon as our consumer were let out of its callback it would join the group again and take the
	// partitions, or even the name, from it; so it is left in there until the process ends.
	zombie    bool
	decision  decision
	giveUp    context.CancelFunc // ends a start from a savepoint; nil: there is none
	flights   map[twophase.Epoch]*flight
	dirty     twophase.Epoch // the last that records were read in
	restarts  restarts
	lastErr   error
	fatalErr  error // the first failure that ends the instance
	result    error
	stopped   bool
	waiters   []waiter         // for commits
	last      *SavepointStatus // to be taken when the work has ended
	lastDrain string           // of it, over all instances
	// published is the newest epoch whose state is on its way to the backend.
	published twophase.Epoch
	barrier   *time.Timer
	expiry    *time.Timer
}

// New checks options and makes an instance; Run runs it.
func New(o Options) (*Instance, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.SinkClient != nil {
		o.Client, o.SinkClient = named{o.Client, "source cluster"}, named{o.SinkClient, "sink cluster"}
	}
	run := checkpoint.NewRun()
	in := &Instance{
		o: o, log: o.Logger, m: o.Metrics, runName: run,
		box: make(chan event, 256), ended: make(chan struct{}), leave: make(chan struct{}), allStopped: make(chan struct{}),
		machine: twophase.New(o.Guarantee), flights: map[twophase.Epoch]*flight{},
		restarts: restarts{policy: o.Restart},
	}
	in.count.m = o.Metrics
	in.download.what, in.download.log = "restore from the checkpoint store", o.Logger
	in.inherited.what, in.inherited.log = "loading the savepoint", o.Logger
	in.upload.what, in.upload.log = "base snapshot to the checkpoint store", o.Logger
	in.losses = newLosses(o.Metrics, o.Logger)
	in.view.set(PhaseStarting, in.runName)
	if !in.single() {
		return in, nil
	}
	s, err := newShard(in, 0, "")
	if err != nil {
		return nil, err
	}
	in.shards = []*shard{s}
	return in, nil
}

// Run works until ctx ends, and then finishes in good order: a last barrier and commit, partitions given back. It
// returns nil after that, and otherwise why it ended.
func (in *Instance) Run(ctx context.Context) error {
	in.ctx, in.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer in.cancel()
	defer in.view.phase(PhaseStopped)
	if err := in.prepare(ctx); err != nil {
		in.closeAdmin()
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	stop := context.AfterFunc(ctx, in.beginShutdown)
	defer stop()
	go in.reader.run()
	go in.discover()
	if !in.single() && in.o.StandbyInterval > 0 {
		go in.keepWarm()
	}
	go in.savepointsBySchedule()
	if !in.single() {
		go in.watchRequests()
		if in.bounded() {
			go in.watchInput()
		}
		if in.aligns() {
			go in.watchFar()
		}
	}
	in.loop()
	return errors.Join(in.result, in.teardown(ctx))
}

// beginShutdown asks for the last barrier and sees to it that it ends in time.
func (in *Instance) beginShutdown() {
	close(in.leave)
	in.post(event{shutdown: true})
	t := time.AfterFunc(in.o.ShutdownTimeout, func() {
		in.post(event{then: func() {
			in.stopped = true
			in.result = fmt.Errorf("shutdown: the last epoch was not committed within %v (WEIR_SHUTDOWN_TIMEOUT); it will be processed again", in.o.ShutdownTimeout)
		}})
		in.cancel()
	})
	go func() { <-in.ended; t.Stop() }()
}

// teardown ends what Run began, in the order in which it depends on each other. Nothing here decides anything.
func (in *Instance) teardown(run context.Context) error {
	in.savepoints.stop() // it may take the store's time, which is not to be missing below
	ctx, cancel := context.WithTimeout(context.WithoutCancel(in.ctx), 3*time.Second)
	defer cancel()
	if in.attempt != nil {
		in.attempt.halt()
	}
	if !in.zombie {
		in.reader.stop(ctx)
	}
	if in.producer != nil {
		in.producer.Close()
	}
	err := in.stopShards()
	in.leaveGroup(ctx)
	in.noteLast(ctx)
	err = errors.Join(err, in.lastSavepoint(run, err))
	in.closeAdmin()
	return err
}

// noteLast notes the last commit in the store, where notes have lagged behind commits so far: a savepoint that is made of it without a broker is then of all
// that was done. With exchange kafka there is none of that kind.
func (in *Instance) noteLast(ctx context.Context) {
	if !in.single() || in.result != nil || len(in.owned) == 0 || len(without(in.work.parts, in.owned)) > 0 {
		return // the last one may be another instance's
	}
	home := in.shards[0]
	id := in.decision.checkpoints[home]
	if id == "" {
		return
	}
	if err := home.repo.MarkCommitted(ctx, id); err != nil {
		in.log.Warn("could not mark the committed checkpoint in the store", "checkpoint", id, "err", err)
	}
}

// leaveGroup lets a successor of another name have the partitions at once instead of after the session timeout.
func (in *Instance) leaveGroup(ctx context.Context) {
	if in.zombie || errors.Is(in.result, ErrRival) {
		return // the membership is over, or the rival's by now
	}
	if in.o.KeepMembership {
		return // a restart under the same name gets its partitions back without a rebalance of all
	}
	if err := in.admin.Leave(ctx, in.o.JobID, in.o.InstanceID, in.member); err != nil {
		in.log.Info("could not leave the group; its partitions are free after the session timeout", "err", err)
	}
}

func (in *Instance) closeAdmin() {
	if in.admin != nil {
		in.admin.Close()
	}
	if in.sinkAdmin != nil && in.sinkAdmin != in.admin {
		in.sinkAdmin.Close()
	}
}

// post hands an event to the loop; after the loop's end it goes nowhere.
func (in *Instance) post(ev event) {
	select {
	case in.box <- ev:
	case <-in.ended:
	}
}
