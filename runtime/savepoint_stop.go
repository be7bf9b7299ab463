package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/twophase"
)

// stopWith ends the work in good order; then lastSavepoint takes the savepoint.
func (in *Instance) stopWith(st SavepointStatus) {
	in.last = &st
	if !st.Drain {
		in.step(twophase.Event{Kind: twophase.Shutdown})
		return
	}
	in.draining.Store(true)
	go in.reader.do(func() { in.reader.drain() })
}

// drain ends every partition where it stands, as if it were bounded: event time comes to its end, the timers that this makes due fire, and the commit of
// what they do ends the instance. After a failure the next attempt does the same.
func (r *reader) drain() {
	r.drained = true
	if r.attempt != nil {
		r.bounds = newBounds(r.next, maps.Clone(r.next))
	}
}

// lastSavepoint takes the savepoint that the instance was stopped for. Nothing of the work is left by now but its backend, which is up to date
// unless ended says otherwise.
func (in *Instance) lastSavepoint(ctx context.Context, ended error) error {
	defer in.savepoints.quiet.Wait()
	if in.last == nil {
		if in.single() && in.savepoints.unheard() {
			in.endSavepoint(snapshot.Header{}, errEndedBefore)
		}
		return nil
	}
	defer close(in.allStopped)
	h, err := in.ofLastCommit(ctx, *in.last, errors.Join(in.result, ended))
	in.endSavepoint(h, err)
	if err != nil {
		return fmt.Errorf("stopped without savepoint %s: %w", in.last.URL, err)
	}
	return nil
}

var errEndedBefore = errors.New("the instance has ended for another reason")

// unheard says, when nobody works on a savepoint any more, whether one was asked for that the loop has not heard of.
func (s *savepoints) unheard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running()
}

func (in *Instance) ofLastCommit(ctx context.Context, st SavepointStatus, ended error) (snapshot.Header, error) {
	switch {
	case ended != nil:
		return snapshot.Header{}, ended
	case !in.single():
		return in.ofAllLastCommits(ctx, st)
	}
	view, m, err := in.shards[0].committedView(ctx)
	if err != nil {
		return snapshot.Header{}, err
	}
	h := headerOf(&m)
	if st.Drain {
		err = drain(&h, m.Finished)
	}
	if err == nil {
		err = in.isDecided(ctx, m.ID)
	}
	if err == nil {
		h, err = in.writeSavepoint(ctx, st, h, view)
	}
	return h, errors.Join(err, view.Close())
}

// isDecided asks the record whether the backend holds what was decided last: the answer to the last commit may have been lost.
func (in *Instance) isDecided(ctx context.Context, id checkpoint.ID) error {
	now, err := in.readCut(ctx)
	if err != nil {
		return err
	}
	if got := now.checkpoints[in.shards[0]]; got != id {
		return fmt.Errorf("the last commit's outcome was not known: checkpoint %s is decided, this instance holds %s. Take the savepoint of the stopped job (processor savepoint create)", got, id)
	}
	return nil
}

// drain takes event time out of a header: it has come to its end, and begins anew for who starts from the savepoint.
func drain(h *snapshot.Header, finished bool) error {
	if !finished {
		return errors.New("event time had not come to its end yet when the instance was stopped")
	}
	h.Drained, h.Watermarks = true, nil
	h.Sources = slices.Clone(h.Sources)
	for i := range h.Sources {
		h.Sources[i].Watermark, h.Sources[i].Idle = 0, false
	}
	return nil
}
