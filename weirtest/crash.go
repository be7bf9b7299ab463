package weirtest

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// CrashEverywhere proves that the results of a job are the same whatever happens to its process. It runs the job on
// the input once without faults, to learn its outputs, its final state and every call that it makes of Kafka's client, of the checkpoint store
// and of its local state. Then, for each of these calls, it runs the job again from nothing and lets the process die before the call and
// after it, with its local state kept, kept as far as it was synced, or lost, and it lets the call fail with errors of each class; the job is
// started again until all input is committed. Each time the committed outputs must be those of the first run, per key in the same order,
// and the committed state must be the same.
//
// job is called for every process, as a program builds its job when it starts. Each fault is a subtest; a failure
// names the command that runs it alone. With go test -short only some of the faults are tried, spread over all calls.
// Time is that of a bubble of testing/synctest, so nothing waits.
func CrashEverywhere(t *testing.T, job func() *stream.Job, input []Record, opts ...Option) {
	t.Helper()
	s := newSettings(opts)
	s.scratch = filepath.Join(t.TempDir(), "scratch")
	crashEverywhere(inTest{t}, job, input, s)
}

// mostFailures of one job are enough to see what is wrong with it.
const mostFailures = 3

func crashEverywhere(r runner, job func() *stream.Job, input []Record, s settings) {
	e := &experiment{job: job, input: input, settings: s}
	if !r.whole(e.learn) {
		return
	}
	began, ran, failures := time.Now(), 0, 0
	check := func(f Fault) bool {
		ran++
		if !r.part(f.String(), func() string { return e.try(f) }) {
			failures++
		}
		return failures < mostFailures
	}
	if !r.part("no-fault", func() string { return e.try(Fault{}) }) {
		r.done("the results are not the same even without a fault: the job depends on chance, or on a variable outside of its state")
		return
	}
	faults := e.faults()
	if s.twice && !r.whole(func() string { return e.followUps(&faults) }) {
		return
	}
	tried := faults
	if testing.Short() {
		tried = sample(faults)
	}
	for _, f := range tried {
		if !check(f) {
			break
		}
	}
	r.done(fmt.Sprintf("%d calls, %d of %d faults tried, %d failed, %d not met, in %v",
		len(e.calls), ran, len(faults), failures, e.missed, time.Since(began).Round(time.Millisecond)))
}

// shortFaults are as many as are tried with go test -short.
const shortFaults = 60

// sample takes some of the faults, spread over all calls.
func sample(faults []Fault) (some []Fault) {
	n := min(shortFaults, len(faults))
	for i := range n {
		some = append(some, faults[i*len(faults)/n])
	}
	return some
}

// experiment is a job with its input and, once learnt, its results.
type experiment struct {
	settings
	job    func() *stream.Job
	input  []Record
	want   outcome
	calls  []call
	missed int // faults whose call was not made
}

func (e *experiment) learn() string {
	w, got, verdict := e.run(Fault{})
	if verdict == "" {
		e.want, e.calls = got, slices.Clone(w.injector.calls)
	}
	return verdict
}

// try runs the job with one fault and compares.
func (e *experiment) try(f Fault) string {
	w, got, verdict := e.run(f)
	if verdict == "" {
		verdict = e.compare(got)
	}
	if f.Call != "" && w != nil && !w.injector.met() {
		e.missed++
	}
	if verdict != "" && w != nil {
		verdict += "\nthe job's log:\n" + w.log.String()
	}
	return verdict
}

func (e *experiment) run(f Fault) (*world, outcome, string) {
	w, err := newWorld(e.job, e.settings)
	if err != nil {
		return nil, outcome{}, err.Error()
	}
	w.injector.arm(f)
	if err := e.script(w); err != nil {
		_ = w.kill(Kept)
		return w, outcome{}, err.Error()
	}
	got, err := w.outcome()
	if err != nil {
		return w, got, err.Error()
	}
	return w, got, ""
}

// script feeds the input epoch by epoch. On the way it lets committed state reach the local one, and goes on in a new process on
// another machine, so that calls of a recovery are among those that fail.
func (e *experiment) script(w *world) error {
	if w.bounded {
		return e.toTheEnd(w)
	}
	for i := range e.epochs {
		n := len(e.input)
		if err := w.send(e.input[i*n/e.epochs : (i+1)*n/e.epochs]); err != nil {
			return err
		}
		if err := w.settle(true); err != nil {
			return err
		}
		switch i {
		case 0:
			time.Sleep(5 * time.Second)
		case e.epochs / 2:
			if err := w.stop(); err != nil {
				return err
			}
			if err := w.disk.crash(Lost); err != nil {
				return err
			}
		}
	}
	if err := w.pass(); err != nil {
		return err
	}
	stop := w.stop
	if e.drain {
		stop = w.drained
	}
	if err := stop(); err != nil {
		return err
	}
	return w.settleAtEnd()
}

// pass lets the time of Wait pass and the job commit what it does in it.
func (w *world) pass() error {
	if w.wait == 0 {
		return nil
	}
	time.Sleep(w.wait)
	for end := time.Now().Add(stuck); time.Now().Before(end); time.Sleep(time.Second) {
		if err := w.revive(); err != nil {
			return err
		}
		if w.process.Status().Ready() {
			time.Sleep(time.Second)
			w.process.Barrier()
			return w.settle(true)
		}
	}
	return fmt.Errorf("the job is not ready after %v: %s", stuck, w.process.Status().LastError)
}

// toTheEnd feeds a bounded job all of its input, lets it end, and starts it once more, on another machine, when there is more in its topics than
// it may read.
func (e *experiment) toTheEnd(w *world) error {
	if err := w.send(e.input); err != nil {
		return err
	}
	if err := w.settle(true); err != nil {
		return err
	}
	if err := errors.Join(w.send(e.input), w.disk.crash(Lost)); err != nil {
		return err
	}
	return w.settle(true)
}

// settleAtEnd starts once more: what was stopped, or died as it stopped, has to be complete for the next one.
func (w *world) settleAtEnd() error {
	if err := w.settle(true); err != nil {
		return err
	}
	if err := w.pass(); err != nil {
		return err
	}
	return w.stop()
}

// faults lists everything that can go wrong at the calls that were made.
func (e *experiment) faults() []Fault {
	var all []Fault
	for _, c := range e.calls {
		for _, when := range []When{Before, After, Late} {
			for _, left := range localStates {
				if when != Late {
					all = append(all, Fault{Call: c.name, Nth: c.nth, When: when, Local: left})
				}
			}
			for _, class := range c.classes(when) {
				all = append(all, Fault{Call: c.name, Nth: c.nth, When: when, Class: class})
			}
		}
	}
	return all
}

// classes are those of the errors that the call can return before its effect, after it, or while it is still to come.
func (c call) classes(when When) []txn.Class {
	switch {
	case !c.kafka && when != Late:
		return []txn.Class{txn.ClassFatal} // an error like any other
	case when == Before:
		return []txn.Class{txn.ClassRetry, txn.ClassAbort, txn.ClassNewProducer, txn.ClassFenced, txn.ClassUnknown, txn.ClassFatal}
	case when == After && c.name == "commit":
		// A client that repeats its request may be told that it is fenced though the first was carried out.
		return []txn.Class{txn.ClassUnknown, txn.ClassFenced}
	case when == After && c.name != "poll": // what was read would be lost by the client, which no client does
		return []txn.Class{txn.ClassUnknown}
	case when == Late && c.transactional:
		return []txn.Class{txn.ClassUnknown}
	}
	return nil
}
