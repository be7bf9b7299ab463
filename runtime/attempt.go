package runtime

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
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
	producer txn.Producer // set before start
	registry *state.Registry
	tasks    []*task
	sources  map[txn.Partition]*task
	keyed    map[int][]*task // by exchange
	pace     *pace
	pinned   bool // its first epoch commits where it begins, before any record is read
	running  sync.WaitGroup

	mu      sync.Mutex
	pending map[uint64]*alignment // barriers under way
	failed  bool
	halted  atomic.Bool
	busy    atomic.Uint64 // the last epoch in which a timer has fired
}

// alignment gathers what the tasks leave behind as they pass a barrier.
type alignment struct {
	entries   [][]state.Entry
	missing   int
	positions map[txn.Partition]int64
	times     map[*task]int64 // watermarks
	idle      map[*task]bool
	finished  bool // every source had come to its end
}

// newAttempt builds the tasks for these partitions, with the event times of the checkpoint m; start lets them run.
func newAttempt(in *Instance, reg *state.Registry, parts []txn.Partition, m *checkpoint.Manifest) (*attempt, error) {
	a := &attempt{
		in: in, gate: newGate(), registry: reg, sources: map[txn.Partition]*task{}, keyed: map[int][]*task{},
		pending: map[uint64]*alignment{},
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	for i := range in.o.Plan.Stages {
		a.addStage(&in.o.Plan.Stages[i], parts)
	}
	a.connect()
	a.pace = newPace(a.tasks)
	for _, t := range a.tasks {
		t.time.mark = mark{t.recall(m), t.recallIdle(m)}
		t.inbox.valve.now.wm = t.time.begun()
		if err := t.open(); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// addStage adds a task for each partition of a source, or Parallelism tasks of a keyed stage.
func (a *attempt) addStage(s *stream.Stage, parts []txn.Partition) {
	if s.Source == nil {
		for i := range a.in.o.Parallelism {
			t := &task{attempt: a, stage: s, number: i}
			a.tasks = append(a.tasks, t)
			for _, x := range s.Inputs {
				a.keyed[x] = append(a.keyed[x], t)
			}
		}
		return
	}
	for _, p := range parts {
		if a.in.reads(s.Source, p.Topic) {
			t := &task{attempt: a, stage: s, number: len(a.sources), partition: p}
			a.tasks = append(a.tasks, t)
			a.sources[p] = t
		}
	}
}

// connect gives every task its inbox, with an input for each task that sends to it.
func (a *attempt) connect() {
	behind, inputs := map[int]*stream.Stage{}, map[*stream.Stage]int{}
	for i := range a.in.o.Plan.Stages {
		s := &a.in.o.Plan.Stages[i]
		for _, x := range s.Inputs {
			behind[x] = s
		}
	}
	for _, t := range a.tasks {
		t.input = map[int]int{}
		for _, x := range t.stage.Sends {
			to := behind[x]
			t.input[x] = inputs[to]
			inputs[to]++
		}
	}
	for _, t := range a.tasks {
		if t.stage.Source != nil {
			t.inbox = newInbox(1, sourceQueue)
		} else {
			t.inbox = newInbox(inputs[t.stage], exchangeQueue)
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

// toSource queues m for the task of a source partition.
func (a *attempt) toSource(p txn.Partition, m message) bool {
	t := a.sources[p]
	return t != nil && t.inbox.put(0, m)
}

// toAllSources queues m for every source task.
func (a *attempt) toAllSources(m message) {
	for _, t := range a.sources {
		t.inbox.put(0, m)
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

// expect announces a barrier before it is injected, passed counts the tasks that it has gone through, and
// the last one seals the epoch.
func (a *attempt) expect(epoch uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending[epoch] = &alignment{missing: len(a.tasks) + 1, times: map[*task]int64{}, idle: map[*task]bool{}}
}

// injected adds the positions at which the sources passed the barrier, and whether they were their ends.
func (a *attempt) injected(epoch uint64, positions map[txn.Partition]int64, finished bool) {
	a.part(epoch, func(al *alignment) { al.positions, al.finished = positions, finished })
}

// passed adds what a task leaves behind.
func (a *attempt) passed(epoch uint64, t *task, entries []state.Entry) {
	m, source := t.time.mark, t.stage.Source != nil
	a.part(epoch, func(al *alignment) {
		if m.wm != operators.NoWatermark {
			al.times[t] = m.wm
		}
		if m.idle && source {
			al.idle[t] = true
		}
		if len(entries) > 0 {
			al.entries = append(al.entries, entries)
		}
	})
}

func (a *attempt) part(epoch uint64, f func(*alignment)) {
	a.mu.Lock()
	al := a.pending[epoch]
	if al == nil {
		a.mu.Unlock()
		return
	}
	f(al)
	al.missing--
	done := al.missing == 0
	if done {
		delete(a.pending, epoch)
	}
	a.mu.Unlock()
	if done {
		a.in.aligned(a, epoch, &sealed{tasks: al.entries, positions: al.positions, times: al.times, idle: al.idle, finished: al.finished})
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
func (a *attempt) applied(epoch uint64) {
	for _, t := range a.tasks {
		if t.store != nil {
			t.store.Applied(epoch)
		}
	}
}
