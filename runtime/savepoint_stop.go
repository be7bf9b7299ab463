package runtime

import (
	"context"
	"errors"
	"fmt"

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
	go in.reader.do(func() { in.reader.drain() })
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
	if st.Drain && !m.Drained {
		err = errors.New("not all timers had fired yet when the instance was stopped")
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
