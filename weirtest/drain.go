package weirtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/runtime"
)

// Drain lets CrashEverywhere stop the job at the end with a drained savepoint, as processor savepoint create --stop --drain does: all timers and windows fire, of
// both times. If that goes wrong it is asked for again, as people would, and the job is started once more afterwards.
func Drain() Option { return func(s *settings) { s.drain = true } }

// Drain stops the job with a drained savepoint: all of its timers and windows fire, of both times, and their outputs are committed. What is sent afterwards a new process takes.
func (h *Harness) Drain() {
	h.t.Helper()
	h.must(func() error { return h.world.drained() })
}

func (w *world) drained() error {
	w.drains++
	for end := time.Now().Add(stuck); time.Now().Before(end); time.Sleep(time.Second) {
		if err := w.revive(); err != nil {
			return err
		}
		if !w.process.Status().Ready() {
			continue
		}
		p := w.process
		name := fmt.Sprintf("drained-%d-%d", w.drains, w.ends) // what has gone wrong may have left one
		if _, err := p.StartSavepoint(runtime.SavepointRequest{Name: name, Stop: true, Drain: true}); err != nil {
			continue // it has ended meanwhile
		}
		if err := w.await(); err == nil {
			return nil
		} else if err := w.ended(err); err != nil {
			return err
		}
	}
	return errors.New("the job can't be drained: it does not become ready")
}
