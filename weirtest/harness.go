package weirtest

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/stream"
)

// Harness runs a job as a process of its own would, with a cluster, a checkpoint store and local state in memory. Time is that
// of a bubble of testing/synctest and passes only inside a call of a method here. A method that can't do what it
// is asked to ends the test. Methods are called from the test's goroutine.
type Harness struct {
	t     testing.TB
	world *world
	calls chan func()
	ended chan struct{}
}

// New starts a job. job is called for every process, as a program builds its job when it starts: with a closure over nothing,
// so that whatever a process forgets in a crash is forgotten here too. The test's end stops it.
func New(t *testing.T, job func() *stream.Job, opts ...Option) *Harness {
	t.Helper()
	h := &Harness{t: t, calls: make(chan func()), ended: make(chan struct{})}
	// The bubble has a goroutine of its own that takes calls from outside. While it waits for the next one the bubble's clock stands still.
	inside := make(chan struct{})
	go func() {
		defer close(h.ended)
		synctest.Test(t, func(*testing.T) {
			close(inside)
			for f := range h.calls {
				f()
			}
		})
	}()
	<-inside
	t.Cleanup(h.close)
	h.must(func() (err error) {
		s := newSettings(opts)
		s.grows, s.scratch = true, filepath.Join(t.TempDir(), "scratch")
		if h.world, err = newWorld(job, s); err != nil || h.world.bounded {
			return err // a bounded job would end before it is sent anything
		}
		return h.world.start()
	})
	return h
}

func (h *Harness) close() {
	h.do(func() {
		if h.world != nil {
			_ = h.world.kill(Kept)
		}
	})
	close(h.calls)
	<-h.ended
}

// do runs f in the bubble.
func (h *Harness) do(f func()) {
	done := make(chan struct{})
	h.calls <- func() { defer close(done); f() }
	<-done
}

// must runs f in the bubble and ends the test if it fails.
func (h *Harness) must(f func() error) {
	h.t.Helper()
	var err error
	h.do(func() { err = f() })
	if err != nil {
		log := ""
		if h.world != nil {
			log = "\nthe job's log:\n" + h.world.log.String()
		}
		h.t.Fatalf("%v%s", err, log)
	}
}

// Send writes records to a topic that the job reads. Nothing has seen them before Run or Commit.
func (h *Harness) Send(topic string, records ...Record) {
	h.t.Helper()
	h.must(func() error { return h.world.send(On(topic, records...)) })
}

// CreateTopic makes a topic that a source may find by its pattern: a job looks for new ones every 10 seconds of its time.
func (h *Harness) CreateTopic(topic string) {
	h.t.Helper()
	h.must(func() error {
		h.world.inputs = append(h.world.inputs, topic)
		return h.world.cluster.CreateTopic(topic, h.world.partitions)
	})
}

// AddPartitions lets a topic grow to as many partitions, which the job finds as it finds new topics.
func (h *Harness) AddPartitions(topic string, partitions int) {
	h.t.Helper()
	h.must(func() error { return h.world.cluster.AddPartitions(topic, partitions) })
}

// Run lets the job process everything that was sent, without a commit: nobody sees the outputs, and a crash undoes it. It restarts the
// job if its process has died.
func (h *Harness) Run() {
	h.t.Helper()
	h.must(func() error { return h.world.settle(false) })
}

// Commit lets the job process everything that was sent, and commits it. It restarts the job if its process has died. A bounded job (all
// sources are stream.Bounded) is started by the first Commit or Run, which let it come to its end.
func (h *Harness) Commit() {
	h.t.Helper()
	h.must(func() error { return h.world.settle(true) })
}

// Advance lets time pass. Whatever the job has to do in it, such as timers and barriers, is done.
func (h *Harness) Advance(d time.Duration) {
	h.t.Helper()
	h.must(func() error {
		time.Sleep(d)
		return h.world.revive()
	})
}

// Now is the time in the test, which is also the job's processing time.
func (h *Harness) Now() (now time.Time) {
	h.do(func() { now = time.Now() })
	return now
}

// Crash ends the job's process as kill -9 does, and says what is left of its local state. Run and Commit start the next one.
func (h *Harness) Crash(left LocalState) {
	h.t.Helper()
	h.must(func() error { return h.world.kill(left) })
}

// Restart ends the job's process in good order, which commits what was processed, and starts another one.
func (h *Harness) Restart() {
	h.t.Helper()
	h.must(func() error { return errors.Join(h.world.stop(), h.world.start()) })
}

// Arm lets a fault happen at the given call, counted from now on. It replaces one that has not happened.
func (h *Harness) Arm(f Fault) {
	h.do(func() { h.world.injector.arm(f) })
}

// Fired says whether the fault that was armed last has happened, and what was to follow it.
func (h *Harness) Fired() (fired bool) {
	h.do(func() { fired = h.world.injector.met() })
	return fired
}

// Outputs are the records of a topic that others can read, in the order in which they were written.
func (h *Harness) Outputs(topic string) (records []Record) {
	h.t.Helper()
	h.must(func() (err error) {
		records, err = h.world.sink.Records(topic, true)
		return err
	})
	return records
}
