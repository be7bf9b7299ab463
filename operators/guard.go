package operators

import (
	"errors"
	"fmt"

	"github.com/weirstream/weir/txn"
)

// Guard applies the policy of one operator, so that nothing of a record remains that its function has failed on: what the function emits is held
// back until it has returned, and a function that has changed state before it failed still fails the epoch. Operators that keep state themselves call
// all functions for a record before they change anything. A nil *Guard is that of an operator whose failures all fail the epoch.
type Guard struct {
	t       *Task
	uid     string
	policy  Policy
	holding bool // the function is running
	outs    []outlet
}

// NewGuard makes the guard of an operator, or nil if there is nothing to guard.
func NewGuard(t *Task, uid string, p Policy) *Guard {
	if p == (Policy{}) {
		return nil
	}
	return &Guard{t: t, uid: uid, policy: p}
}

// Guarded runs push, which is the operator with held outputs, under the guard; or what the operator does at a timer.
func Guarded[T any](g *Guard, push Push[T]) Push[T] {
	if g == nil {
		return push
	}
	call := func(v T) (err error) {
		defer g.t.rescue(&err)
		return push(v)
	}
	return func(v T) error {
		touched, ts := g.touched(), g.t.ts
		g.holding = true
		err := call(v)
		g.holding = false
		if err == nil {
			err = g.release()
		} else {
			g.drop()
			err = g.settle(err, g.touched() != touched)
		}
		g.t.ts = ts // of the record, for whoever else gets it
		return err
	}
}

func (g *Guard) release() error {
	for _, o := range g.outs {
		if err := o.release(); err != nil {
			return err
		}
	}
	return nil
}

func (g *Guard) drop() {
	for _, o := range g.outs {
		o.drop()
	}
}

// errDealt: the record that decode was given goes no further, and that is all right.
var errDealt = errors.New("dealt with")

// GuardedDecode is the decode function of a guarded source.
func GuardedDecode[T any](g *Guard, decode func(r *txn.Record) (T, error)) func(r *txn.Record) (T, error) {
	if g == nil {
		return decode
	}
	call := func(r *txn.Record) (v T, err error) {
		defer g.t.rescue(&err)
		return decode(r)
	}
	return func(r *txn.Record) (T, error) {
		v, err := call(r)
		if err != nil {
			if err = g.settle(g.t.fail(g.t.op, err), false); err == nil {
				err = errDealt
			}
		}
		return v, err
	}
}

// touched tells whether the function has left state as it was.
func (g *Guard) touched() uint64 {
	if s := g.t.env.State; s != nil {
		return s.Touched()
	}
	return 0
}

// outcome is what is left of an error that came after the function had returned.
func (g *Guard) outcome(err error) error {
	if g == nil || err == nil {
		return err
	}
	return g.settle(err, false)
}

// settle does with a record that has failed what the policy says. What the runtime has answered is no failure of a record.
func (g *Guard) settle(err error, touched bool) error {
	var e *RecordError
	switch {
	case !errors.As(err, &e):
		return err
	case touched:
		return g.refuse(e, "its state was read in vain or changed before it failed, which can't be taken back: check a record before the first change")
	case g.policy.Skip:
		g.t.lost(g.uid, Skipped, err)
		return nil
	case g.t.raw == nil:
		return g.refuse(e, "it was made by a timer, so that there is no source record for a dead letter")
	}
	letter, why := g.t.letter(g.policy.Letters, e)
	if why != nil {
		return g.refuse(e, "its dead letter can't be written: "+why.Error())
	}
	g.t.lost(g.uid, DeadLetter, err)
	return g.t.out.add(letter)
}

// refuse fails the epoch all the same.
func (g *Guard) refuse(e *RecordError, why string) error {
	return &RecordError{Culprit: e.Culprit, Err: fmt.Errorf("%w (OnError can't let this record go: %s)", e.Err, why)}
}
