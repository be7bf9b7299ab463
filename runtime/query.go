package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// Errors of ViewState, beside ElsewhereError.
var (
	// ErrNoState: the job has no state of that uid and name.
	ErrNoState = errors.New("no such state")
	// ErrNotReady: this instance has no committed state to show, for now.
	ErrNotReady = errors.New("no committed state to read at present")
)

// ElsewhereError says that a key group is worked on by another instance.
type ElsewhereError struct {
	Group uint16
	Shard int
	// Instance is the name of the one that owns it, and Host where the broker sees it; empty if the group does not say.
	Instance, Host string
}

func (e *ElsewhereError) Error() string {
	where := "by no instance at present"
	if e.Instance != "" {
		where = fmt.Sprintf("by instance %q at %s", e.Instance, e.Host)
	}
	return fmt.Sprintf("key group %d is in shard %d, which is worked on %s", e.Group, e.Shard, where)
}

// StateView is the committed state of one shard at one moment. Close it soon: the backend keeps all that it shows.
type StateView struct {
	state.Snapshot
	State    state.Descriptor
	Shard    int    // 0 with the exchange in memory
	From, To uint16 // the key groups that it holds: From <= group < To
	Last     bool   // there are none behind them
	// Expired says whether the entry with this key, which is there until it is swept, is as good as absent: the job would not see it. Of a list the entry that says
	// how many elements there are expires with the last of them. Nil: nothing expires.
	Expired func(key []byte) (bool, error)
}

// Checkpoint is the committed checkpoint that the view shows.
func (v *StateView) Checkpoint() checkpoint.ID { return checkpoint.ID(v.Marker()) }

// ViewState opens a view of the state that the operator uid calls name, in the shard that holds the key group; with onwards, in the first of our shards
// that holds it or one behind it (nil: there is none). Only committed state can be seen: the backend holds no other. It may lag behind the last commit by some
// seconds, as Checkpoint tells; with fresh all that is committed is applied first.
func (in *Instance) ViewState(ctx context.Context, uid, name string, group uint16, onwards, fresh bool) (*StateView, error) {
	var s *shard
	var d state.Descriptor
	var life *state.Life
	var err error
	look := func() {
		if s, d, err = in.findState(uid, name, group, onwards); s != nil && err == nil {
			if l, ok := s.registry.Life(uid, name); ok {
				life = &l
			}
		}
	}
	if lost := in.inLoop(ctx, look); lost != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReady, lost)
	}
	var elsewhere *ElsewhereError
	if errors.As(err, &elsewhere) {
		in.locate(ctx, elsewhere)
	}
	if s == nil || err != nil {
		return nil, err
	}
	if fresh {
		if err := s.publisher.drain(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotReady, err)
		}
	}
	snap, err := s.backend.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	if snap.Marker() == "" {
		return nil, errors.Join(fmt.Errorf("%w: nothing is committed yet", ErrNotReady), snap.Close())
	}
	v := &StateView{Snapshot: snap, State: d, Shard: s.number}
	v.From, v.To = in.keyGroups(s)
	v.Last = int(v.To) == in.o.MaxParallelism
	if life != nil {
		err = in.age(ctx, v, s, *life)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotReady, err), snap.Close())
	}
	return v, nil
}

// KeyGroup is the key group of an encoded key.
func (in *Instance) KeyGroup(key []byte) uint16 { return state.KeyGroup(key, in.o.MaxParallelism) }

// inLoop runs f in the loop.
func (in *Instance) inLoop(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case in.box <- event{then: func() { f(); close(done) }}:
	case <-in.ended:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-in.ended:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errStopped = errors.New("the instance has stopped")

// findState is for the loop.
func (in *Instance) findState(uid, name string, group uint16, onwards bool) (*shard, state.Descriptor, error) {
	i := 0
	if int(group) >= in.o.MaxParallelism {
		return nil, state.Descriptor{}, nil
	}
	if !in.single() {
		i = state.TaskFor(group, len(in.shards), in.o.MaxParallelism)
	}
	ours := func() bool { return in.single() || in.shards[i].ours.Load() }
	for onwards && i < len(in.shards)-1 && !ours() {
		i++
	}
	s := in.shards[i]
	switch {
	case !ours() && onwards:
		return nil, state.Descriptor{}, nil
	case !ours():
		return nil, state.Descriptor{}, &ElsewhereError{Group: group, Shard: i}
	case in.attempt == nil || s.registry == nil: // being restored
		return nil, state.Descriptor{}, fmt.Errorf("%w: the instance is %s", ErrNotReady, in.Status().Phase)
	}
	d, err := descriptorOf(s.registry, uid, name)
	return s, d, err
}

func descriptorOf(reg *state.Registry, uid, name string) (state.Descriptor, error) {
	var known []string
	for _, d := range reg.Descriptors() {
		if d.UID == uid && d.Name == name {
			return d, nil
		}
		known = append(known, d.UID+"/"+d.Name)
	}
	return state.Descriptor{}, fmt.Errorf("%w: operator %q has no state %q; there are %q", ErrNoState, uid, name, known)
}

// locate asks the group who has the shard's partitions. Not to know is no failure.
func (in *Instance) locate(ctx context.Context, e *ElsewhereError) {
	members, err := in.admin.Members(ctx, in.o.JobID)
	if err != nil {
		in.log.Debug("who works on a shard is not known", "shard", e.Shard, "err", err)
		return
	}
	for _, m := range members {
		for _, p := range m.Partitions {
			if _, ok := in.topology.exchangeOf(p.Topic); ok && int(p.ID) == e.Shard {
				e.Instance, e.Host = cmp.Or(m.InstanceID, m.ClientID, m.ID), m.Host
				return
			}
		}
	}
}
