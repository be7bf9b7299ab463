package weirtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/weirstream/weir/txn"
)

// LocalState is what becomes of the folder with local state when its process dies.
type LocalState uint8

// What can be left of it.
const (
	Kept   LocalState = iota // all that was ever applied: the process died, the machine did not
	Synced                   // what was flushed: the machine died
	Lost                     // nothing: the next process runs on another machine
)

var localStates = []LocalState{Kept, Synced, Lost}

func (l LocalState) String() string { return [...]string{"kept", "synced", "lost"}[l] }

// Fault is one thing that goes wrong once: at a call that a job's process makes of Kafka's client, of the checkpoint store or of
// its local state.
type Fault struct {
	// Call names the call: "commit", "send-offsets", "put-manifest" …; docs/testing.md lists them.
	Call string
	// Nth says which of them, from 1, over all processes since the test began (CrashEverywhere) or the fault was armed (Harness.Arm).
	Nth int
	// After lets the call have its effect first.
	After bool
	// Class makes the call return an error of this class. 0: the process dies there, and Local says what it leaves.
	Class txn.Class
	Local LocalState
}

// String names the fault, as a subtest of CrashEverywhere.
func (f Fault) String() string {
	when := "before"
	if f.After {
		when = "after"
	}
	what := "crash-" + when + "-" + f.Local.String()
	if f.Class != 0 {
		what = strings.ReplaceAll(f.Class.String(), " ", "-") + "-" + when
	}
	return fmt.Sprintf("%s-%d-%s", f.Call, f.Nth, what)
}

// call is one call that was made: a place for faults.
type call struct {
	name  string
	nth   int
	kafka bool // it is the client's, so that its errors have classes
}

// injector counts the calls of all processes, and lets one of them fail.
type injector struct {
	mu    sync.Mutex
	nth   map[string]int
	calls []call
	armed Fault // without Call: none
	fired bool
}

func newInjector() *injector { return &injector{nth: map[string]int{}} }

// arm counts afresh.
func (i *injector) arm(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.nth)
	i.armed, i.fired = f, false
}

func (i *injector) hasFired() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fired
}

// next counts a call, and returns the fault that is due at it, if one is.
func (i *injector) next(name string, kafka bool) (Fault, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.nth[name]++
	i.calls = append(i.calls, call{name, i.nth[name], kafka})
	if i.fired || i.armed.Call != name || i.armed.Nth != i.nth[name] {
		return Fault{}, false
	}
	i.fired = true
	return i.armed, true
}

var (
	errDead     = errors.New("the process is dead")
	errInjected = errors.New("injected")
)

// life is one process, as the wrappers around client, store and local state know it. After its death no call has an effect.
type life struct {
	*injector
	dead atomic.Bool
	kill func() // ends its client
}

func (l *life) die() {
	l.dead.Store(true)
	l.kill()
}

// kafka makes a call of the client.
func (l *life) kafka(name string, effect func() error) error {
	return l.call(name, true, effect, func(class txn.Class, err error) error {
		return &txn.Error{Op: name, Class: class, Code: "_INJECTED", Err: err}
	})
}

// own makes a call of the store or of local state, whose errors have no class.
func (l *life) own(name string, effect func() error) error {
	return l.call(name, false, effect, func(_ txn.Class, err error) error { return fmt.Errorf("%s: %w", name, err) })
}

func (l *life) call(name string, kafka bool, effect func() error, wrap func(txn.Class, error) error) error {
	if l.dead.Load() {
		return wrap(txn.ClassFatal, errDead)
	}
	f, due := l.next(name, kafka)
	if !due {
		return effect()
	}
	if f.Class == 0 && !f.After {
		l.die()
	}
	if f.After {
		if err := effect(); err != nil {
			return err
		}
	}
	if f.Class == 0 {
		l.die()
		return wrap(txn.ClassFatal, errDead)
	}
	return wrap(f.Class, errInjected)
}
