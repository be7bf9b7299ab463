package weirtest

import (
	"context"
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

// When says whether a call that fails has its effect, and when.
type When uint8

// The times.
const (
	Before When = iota // the fault comes before the effect, which never happens
	After              // the effect has happened
	// Late: the call returns an error, and its effect comes later, in the midst of the work that follows: a request that was on its way
	// when the client lost patience. Only for calls with a Class.
	Late
)

func (w When) String() string { return [...]string{"before", "after", "late"}[w] }

// Fault is one thing that goes wrong once: at a call that a job's process makes of Kafka's client, of the checkpoint store or of
// its local state.
type Fault struct {
	// Call names the call: "commit", "send-offsets", "put-manifest" …; docs/testing.md lists them.
	Call string
	// Nth says which of them, from 1, over all processes since the test began (CrashEverywhere) or the fault was armed (Harness.Arm).
	Nth int
	// When says whether the call has its effect.
	When When
	// Class makes the call return an error of this class. 0: the process dies there, and Local says what it leaves.
	Class txn.Class
	Local LocalState
	// Then is what goes wrong after that; its calls are counted from here on. nil: nothing.
	Then *Fault
}

// String names the fault, as a subtest of CrashEverywhere.
func (f Fault) String() string {
	what := "crash-" + f.When.String() + "-" + f.Local.String()
	if f.Class != 0 {
		what = strings.ReplaceAll(f.Class.String(), " ", "-") + "-" + f.When.String()
	}
	name := fmt.Sprintf("%s-%d-%s", f.Call, f.Nth, what)
	if f.Then != nil {
		name += "-then-" + f.Then.String()
	}
	return name
}

// call is one call that was made: a place for faults.
type call struct {
	name          string
	nth           int
	kafka         bool // it is the client's, so that its errors have classes
	transactional bool // it is a request about the open transaction
}

// injector counts the calls of all processes, and lets one of them fail.
type injector struct {
	mu    sync.Mutex
	nth   map[string]int
	calls []call
	armed Fault        // without Call: none
	last  Fault        // that has happened
	at    int          // how many calls there were before it
	late  func() error // an effect that is still to come
}

func newInjector() *injector { return &injector{nth: map[string]int{}} }

// arm counts afresh.
func (i *injector) arm(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.nth)
	i.armed, i.last, i.late = f, Fault{}, nil
}

// fired is the last fault that has happened; without Call: none has.
func (i *injector) fired() Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}

// met says whether everything that was armed has happened.
func (i *injector) met() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.armed.Call == ""
}

// next counts a call, and returns the fault that is due at it, if one is.
func (i *injector) next(c call) (Fault, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.nth[c.name]++
	c.nth = i.nth[c.name]
	i.calls = append(i.calls, c)
	if i.armed.Call != c.name || i.armed.Nth != c.nth {
		return Fault{}, false
	}
	i.last, i.armed, i.at = i.armed, Fault{}, len(i.calls)
	if i.last.Then != nil {
		i.armed = *i.last.Then
		clear(i.nth)
	}
	return i.last, true
}

func (i *injector) postpone(effect func() error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.late = effect
}

// arrive lets a late effect happen now. Nobody waits for its answer any more.
func (i *injector) arrive() {
	i.mu.Lock()
	effect := i.late
	i.late = nil
	i.mu.Unlock()
	if effect != nil {
		_ = effect()
	}
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
	return l.call(call{name: name, kafka: true}, effect)
}

// transactional makes a call of the producer about its transaction. A request that is on its way outlives its caller's
// context.
func (l *life) transactional(ctx context.Context, name string, effect func(context.Context) error) error {
	return l.call(call{name: name, kafka: true, transactional: true}, func() error { return effect(context.WithoutCancel(ctx)) })
}

// own makes a call of the store or of local state, whose errors have no class.
func (l *life) own(name string, effect func() error) error { return l.call(call{name: name}, effect) }

func (c call) fail(class txn.Class, err error) error {
	if !c.kafka {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return &txn.Error{Op: c.name, Class: class, Code: "_INJECTED", Err: err}
}

func (l *life) call(c call, effect func() error) error {
	if l.dead.Load() {
		return c.fail(txn.ClassFatal, errDead)
	}
	f, due := l.next(c)
	if !due {
		return effect()
	}
	switch f.When {
	case Before:
		if f.Class == 0 {
			l.die()
		}
	case After:
		if err := effect(); err != nil {
			return err
		}
	case Late:
		l.postpone(effect)
	}
	if f.Class == 0 {
		l.die()
		return c.fail(txn.ClassFatal, errDead)
	}
	return c.fail(f.Class, errInjected)
}
