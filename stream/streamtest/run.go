// Package streamtest runs a job's plan in one goroutine without Kafka: enough for examples and for tests of operators. There
// are no barriers or failures in it, and no commits but those of Restart. The clock moves when Advance says so; event time follows what is fed, and takes only partitions
// into account that have been fed.
package streamtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// Runner holds the tasks of a plan. Fill in what is wanted before the first Feed.
type Runner struct {
	Parallelism int              // 1 if 0
	Backend     state.Backend    // in memory if nil
	Now         func() time.Time // time.Now if nil
	// Burst lets due timers of event time fire so many at a time, between two batches, if it is not 0. Otherwise, and at Advance and Output,
	// all fire at once.
	Burst      int
	Partitions map[string]int32 // of topics written to; nil: each has one
	// Lost is told of records that go no further, if it is not nil.
	Lost func(uid string, why operators.Loss, err error)

	plan     *stream.Plan
	registry *state.Registry
	stores   []*state.Store
	sources  map[txn.Partition]*operators.Chain
	order    []txn.Partition            // of sources
	begun    map[txn.Partition]reached  // where a restart has found them
	keyed    map[int][]*operators.Chain // by stage
	queue    []queued
	out      []txn.Record

	clock   time.Time // set by Advance
	reached []int64   // watermark of each stage
	idle    []bool
}

type queued struct {
	chain    *operators.Chain
	exchange int
	batch    operators.Batch
}

// New makes a runner of job.
func New(job *stream.Job) (*Runner, error) {
	plan, err := job.Plan()
	if err != nil {
		return nil, err
	}
	return &Runner{plan: plan}, nil
}

// Run feeds every value to partition 0 of the job's first topic and returns what the job writes.
func Run(job *stream.Job, values ...string) ([]txn.Record, error) {
	r, err := New(job)
	if err != nil {
		return nil, err
	}
	b := &txn.Batch{Partition: txn.Partition{Topic: r.plan.Stages[0].Source.Topics[0]}}
	for i, v := range values {
		b.Records = append(b.Records, txn.Record{Value: []byte(v), Offset: int64(i)})
	}
	if err := r.Feed(b); err != nil {
		return nil, err
	}
	return r.Output()
}

// Feed runs the records of a batch through the tasks behind its partition, up to what these gather.
func (r *Runner) Feed(b *txn.Batch) error {
	if err := r.open(); err != nil {
		return err
	}
	chain, err := r.source(b.Partition)
	if err != nil {
		return err
	}
	if err := answered(chain, chain.Source(b)); err != nil {
		return err
	}
	if err := r.drain(); err != nil {
		return err
	}
	return r.watermarks()
}

// Output flushes everything and returns what was written since it was last called, in the order of its production.
func (r *Runner) Output() ([]txn.Record, error) {
	if err := r.settle(); err != nil {
		return nil, err
	}
	out := r.out
	r.out = nil
	return out, nil
}

// open makes the keyed tasks.
func (r *Runner) open() (err error) {
	if r.keyed != nil {
		return nil
	}
	if r.registry, err = state.NewRegistry(nil); err != nil {
		return err
	}
	if r.Backend == nil {
		r.Backend = memory.New()
	}
	r.Parallelism = max(r.Parallelism, 1)
	r.sources = map[txn.Partition]*operators.Chain{}
	r.keyed = map[int][]*operators.Chain{}
	r.reached, r.idle = make([]int64, len(r.plan.Stages)), make([]bool, len(r.plan.Stages))
	for i := range r.reached {
		r.reached[i] = operators.NoWatermark
	}
	for i, s := range r.plan.Stages {
		if err := s.States(r.registry); err != nil {
			return err
		}
		for task := 0; s.Source == nil && task < r.Parallelism; task++ {
			env := r.env(task)
			env.State = state.NewStore(r.Backend, r.registry, state.Options{})
			r.stores = append(r.stores, env.State)
			chain, err := s.New(env)
			if err != nil {
				return err
			}
			r.keyed[i] = append(r.keyed[i], chain)
		}
	}
	return nil
}

// source is the task of a partition.
func (r *Runner) source(p txn.Partition) (*operators.Chain, error) {
	if chain := r.sources[p]; chain != nil {
		return chain, nil
	}
	i := r.stageOf(p.Topic)
	if i < 0 {
		return nil, fmt.Errorf("job %q reads no topic %q", r.plan.Job, p.Topic)
	}
	env := r.env(len(r.sources))
	if begun, ok := r.begun[p]; ok {
		begun.resume(env)
	}
	chain, err := r.plan.Stages[i].New(env)
	if err != nil {
		return nil, err
	}
	r.sources[p] = chain
	r.order = append(r.order, p)
	return chain, nil
}

func (r *Runner) env(task int) *operators.Env {
	return &operators.Env{
		Task: task, Parallelism: r.Parallelism, Burst: r.Burst, MaxParallelism: state.DefaultMaxParallelism, Now: r.now,
		Send: func(exchange, target int, b operators.Batch) error {
			r.queue = append(r.queue, queued{r.keyed[r.behind(exchange)][target], exchange, b})
			return nil
		},
		Partitions: r.partitions, Lost: r.Lost,
		Produce: func(records []txn.Record) error {
			r.out = append(r.out, records...)
			return nil
		},
	}
}

// behind is the stage that an exchange feeds.
func (r *Runner) behind(exchange int) int {
	return slices.IndexFunc(r.plan.Stages, func(s stream.Stage) bool { return slices.Contains(s.Inputs, exchange) })
}

func (r *Runner) partitions(topic string) (int32, error) {
	if r.Partitions == nil {
		return 1, nil
	}
	n, ok := r.Partitions[topic]
	if !ok {
		return 0, fmt.Errorf("%w: topic %q does not exist", operators.ErrTopic, topic)
	}
	return n, nil
}

func (r *Runner) now() time.Time {
	switch {
	case !r.clock.IsZero():
		return r.clock
	case r.Now != nil:
		return r.Now()
	}
	return time.Now()
}

// drain works until nothing is queued.
func (r *Runner) drain() error {
	for len(r.queue) > 0 {
		next := r.queue[0]
		r.queue = r.queue[1:]
		if err := answered(next.chain, next.chain.Exchange(next.exchange, next.batch)); err != nil {
			return err
		}
	}
	return nil
}

// burst fires some of the due timers of event time that have not fired yet, or all.
func (r *Runner) burst(c *operators.Chain, all bool) error {
	for {
		if at, ok := c.NextTick(); !ok || at > 0 {
			return nil
		}
		if err := answered(c, c.Tick(0)); err != nil || !all {
			return err
		}
	}
}

// answered waits for the asynchronous calls of a task: here none is under way when anything else happens.
func answered(c *operators.Chain, err error) error {
	if err != nil || c.Drain == nil {
		return err
	}
	return c.Drain()
}
