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

// drained asks for it, and again if it has come to nothing, until the process has ended in good order.
func (w *world) drained() error {
	w.drains++
	w.over = false
	for end := time.Now().Add(stuck); time.Now().Before(end); time.Sleep(time.Second) {
		if err := w.revive(); err != nil || w.over {
			return err
		}
		if !w.process.Status().Ready() {
			continue
		}
		// What has gone wrong may have left one of the same name. It is refused while one is under way, or the process ends.
		name := fmt.Sprintf("drained-%d-%d", w.drains, time.Now().Unix())
		_, _ = w.process.StartSavepoint(runtime.SavepointRequest{Name: name, Stop: true, Drain: true})
	}
	return errors.New("the job is not drained in time; its log says why")
}
