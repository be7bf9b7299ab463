package runtime

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

const (
	// sourceQueue and exchangeQueue bound the batches that wait before a task, for each of its inputs. Short queues
	// keep the time short that a barrier waits behind records.
	sourceQueue   = 2
	exchangeQueue = 4
)

// attempt is the graph at work from one restore to the next: its tasks, their queues and their uncommitted state. After
// any failure it is thrown away as a whole and a new one starts from committed state, so no task has a way back to get right.
type attempt struct {
	in       *Instance
	gate     *gate
	ctx      context.Context // ends with halt
	cancel   context.CancelFunc
	producer txn.Producer   // set before start
	counts   map[string]int // partitions of each topic
	tasks    []*task
	readers  map[txn.Partition]*task // by what they read
	keyed    map[int][]*task         // by the exchange in memory that they are behind
	packed   map[int][]*task         // those that are here, by the exchange through Kafka
	pace     *pace
	waits    stillness // of what is not read first, or of all before it is known where they begin
	pinned   bool      // where it begins is not committed yet: its first epoch does so, before any record is read
	warned   bool      // see work
	running  sync.WaitGroup

	mu      sync.Mutex
	pending map[uint64]*alignment // barriers under way
	failed  bool
	timers  int64 // bytes that those of all tasks take up
	halted  atomic.Bool
	ahead   atomic.Int64  // bytes of outputs that wait for their epoch, of all tasks
	busy    atomic.Uint64 // the last epoch in which a timer has fired
}

// newAttempt builds the tasks for the work, on the shards as they were found, with the event times of the decision.
func newAttempt(in *Instance, d decision, found map[*shard]restored, w work) (*attempt, error) {
	a := &attempt{
		in: in, counts: w.counts, warned: w.warned, gate: newGate(), readers: map[txn.Partition]*task{}, keyed: map[int][]*task{}, packed: map[int][]*task{}, pending: map[uint64]*alignment{},
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	for i := range in.o.Plan.Stages {
		s := &in.o.Plan.Stages[i]
		switch {
		case s.Source != nil:
			a.addSource(s, w.parts)
		case in.single():
			a.addKeyed(s, in.shards[0])
		default:
			a.addRepartitioned(s, w.parts)
		}
	}
	a.connect()
	a.pace = newPace(a.tasks, &in.far)
	for _, t := range a.tasks {
		r := found[t.home()]
		t.registry = r.registry
		t.recall(d, &r.manifest)
		if err := t.open(); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// addSource adds a task for each partition of a source.
func (a *attempt) addSource(s *stream.Stage, parts []txn.Partition) {
	for _, p := range parts {
		if a.in.reads(s.Source, p.Topic) {
			t := &task{attempt: a, stage: s, number: len(a.readers), partition: p}
			a.tasks = append(a.tasks, t)
			a.readers[p] = t
		}
	}
}

// addKeyed adds the tasks of a stage behind exchanges in memory.
func (a *attempt) addKeyed(s *stream.Stage, shard *shard) {
	for i := range a.in.topology.parallelism {
		t := &task{attempt: a, stage: s, number: i, shard: shard}
		a.tasks = append(a.tasks, t)
		for _, x := range s.Inputs {
			a.keyed[x] = append(a.keyed[x], t)
		}
	}
}

// addRepartitioned adds a task for each shard that is ours, fed by its partition of each repartition topic in front of the stage.
func (a *attempt) addRepartitioned(s *stream.Stage, parts []txn.Partition) {
	tasks := map[int32]*task{}
	for _, p := range parts {
		x, ok := a.in.topology.exchangeOf(p.Topic)
		if !ok || !slices.Contains(s.Inputs, x) {
			continue
		}
		t := tasks[p.ID]
		if t == nil {
			t = &task{attempt: a, stage: s, number: int(p.ID), shard: a.in.shards[p.ID]}
			tasks[p.ID] = t
			a.tasks = append(a.tasks, t)
		}
		a.packed[x] = append(a.packed[x], t)
		a.readers[p] = t
	}
}

// connect gives every task its inbox, with an input for each task that sends to it.
func (a *attempt) connect() {
	inputs := map[*stream.Stage]int{}
	for _, t := range a.tasks {
		t.input = map[int]int{}
		for _, x := range t.stage.Sends {
			if to := a.keyed[x]; len(to) > 0 {
				t.input[x] = inputs[to[0].stage]
				inputs[to[0].stage]++
			}
		}
	}
	for _, t := range a.tasks {
		if a.in.single() && t.shard != nil {
			t.inbox = newInbox(inputs[t.stage], exchangeQueue)
		} else {
			t.inbox = newInbox(1, sourceQueue)
		}
		t.portions.begin(&a.in.o, inputs[t.stage])
	}
	for _, t := range a.tasks {
		for _, x := range t.stage.Sends {
			for _, to := range a.keyed[x] {
				to.inbox.valve.timeless[t.input[x]] = !t.stage.EventTime
			}
		}
	}
}

// start lets the tasks run, as part of epoch.
func (a *attempt) start(epoch uint64) {
	for _, t := range a.tasks {
		t.epoch = epoch
		t.inbox.begin(epoch)
		a.running.Add(1)
		go t.run()
	}
}

// open lets the outputs of epoch through, and tasks that keep some know of it.
func (a *attempt) open(epoch uint64) {
	a.gate.open(epoch)
	for _, t := range a.tasks {
		t.inbox.wake()
	}
}

// halt ends all tasks and waits for them: afterwards nothing of the attempt reaches the producer or takes state.
func (a *attempt) halt() {
	a.halted.Store(true)
	a.cancel()
	a.gate.close()
	for _, t := range a.tasks {
		t.inbox.close()
	}
	if !waitFor(&a.running, 5*time.Second) {
		a.in.log.Warn("a task is busy in a function of the job and delays the abort", "after", "5s")
		a.running.Wait()
	}
}

func waitFor(wg *sync.WaitGroup, d time.Duration) bool {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// toReader queues m for the task that reads a partition.
func (a *attempt) toReader(p txn.Partition, m message) bool {
	t := a.readers[p]
	return t != nil && t.inbox.put(0, m)
}

// toReaders queues m for every task that reads partitions.
func (a *attempt) toReaders(m message) {
	seen := map[*task]bool{}
	for _, t := range a.readers {
		if !seen[t] {
			seen[t] = true
			t.inbox.put(0, m)
		}
	}
}

// send queues a batch for a task behind an exchange.
func (a *attempt) send(from *task, exchange, target int, b operators.Batch) error {
	to := a.keyed[exchange]
	if target < 0 || target >= len(to) {
		return fmt.Errorf("exchange %d has no task %d", exchange, target)
	}
	if !to[target].inbox.put(from.input[exchange], message{batch: b, exchange: exchange}) {
		return errHalted
	}
	return nil
}

// broadcast sends a barrier or a watermark to every task behind t.
func (a *attempt) broadcast(t *task, m message) {
	for _, x := range t.stage.Sends {
		for _, to := range a.keyed[x] {
			to.inbox.put(t.input[x], m)
		}
	}
}

// worked tells the protocol that a timer has fired in epoch: there is something to commit that no record has announced.
func (a *attempt) worked(epoch uint64) {
	for {
		before := a.busy.Load()
		if epoch <= before {
			return
		}
		if a.busy.CompareAndSwap(before, epoch) {
			a.in.post(processed(epoch))
			return
		}
	}
}

// fail reports the first failure of a task; the loop then gives the attempt up.
func (a *attempt) fail(epoch uint64, err error) {
	a.mu.Lock()
	first := !a.failed
	a.failed = true
	a.mu.Unlock()
	if first && !a.halted.Load() {
		a.in.post(processFailed(epoch, err))
	}
}

// applied lets the tasks forget what the backend holds by now.
func (a *attempt) applied(s *shard, epoch uint64) {
	for _, t := range a.tasks {
		if t.store != nil && t.shard == s {
			t.store.Applied(epoch)
		}
	}
}
