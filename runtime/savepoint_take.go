package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/twophase"
)

// waiter waits for the decision of an epoch, or of a later one.
type waiter struct {
	epoch twophase.Epoch
	done  chan struct{}
}

// wakeWaiters hears of a decided epoch, whose layers the publishers have.
func (in *Instance) wakeWaiters(decided twophase.Epoch) {
	in.published = max(in.published, decided)
	left := in.waiters[:0]
	for _, w := range in.waiters {
		if w.epoch <= decided {
			close(w.done)
		} else {
			left = append(left, w)
		}
	}
	in.waiters = left
}

// awaitCommit returns when everything that was processed before the call is decided, and on its way to the backend.
func (in *Instance) awaitCommit(ctx context.Context) error {
	patience := in.o.Interval + in.o.TransactionTimeout
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan struct{})
	in.post(event{then: func() {
		if in.dirty <= in.published {
			close(done)
			return
		}
		in.waiters = append(in.waiters, waiter{in.dirty, done})
		in.take(barrierDue)
	}})
	select {
	case <-done:
		return nil
	case <-in.ended:
		return errors.New("the instance has ended")
	case <-ctx.Done():
		return fmt.Errorf("no epoch was committed within %v (%w); the log says why", patience, ctx.Err())
	}
}

// takeSavepoint writes committed state as it is after the next commit. The job goes on meanwhile.
func (in *Instance) takeSavepoint(ctx context.Context, st SavepointStatus) (snapshot.Header, error) {
	if !in.single() {
		return in.takeFromAll(ctx, st)
	}
	if err := in.awaitCommit(ctx); err != nil {
		return snapshot.Header{}, err
	}
	home := in.shards[0]
	view, m, err := home.committedView(ctx)
	if err != nil {
		return snapshot.Header{}, err
	}
	h, err := in.writeSavepoint(ctx, st, headerOf(&m), view)
	return h, errors.Join(err, view.Close())
}

// endSavepoint says how it has come out.
func (in *Instance) endSavepoint(h snapshot.Header, err error) {
	st := in.savepoints.end(h, err)
	if err != nil {
		in.m.SavepointFailed(st.Scheduled)
		in.log.Error("no savepoint", "to", st.URL, "err", err)
		return
	}
	in.m.SavepointTaken(st.Scheduled, st.Ended.Sub(st.Began), st.Bytes)
	in.log.Info("savepoint taken", "at", st.URL, "checkpoints", st.Checkpoints, "entries", st.Entries, "bytes", st.Bytes, "took", st.Ended.Sub(st.Began).Round(time.Millisecond))
}

// committedView is the backend at its newest checkpoint, and that one's manifest.
func (s *shard) committedView(ctx context.Context) (state.Snapshot, checkpoint.Manifest, error) {
	s.use.Lock() // nobody loads it meanwhile
	defer s.use.Unlock()
	if err := s.open(); err != nil {
		return nil, checkpoint.Manifest{}, err
	}
	if err := s.publisher.drain(ctx); err != nil {
		return nil, checkpoint.Manifest{}, err
	}
	view, err := s.backend.Snapshot()
	if err != nil {
		return nil, checkpoint.Manifest{}, err
	}
	id := checkpoint.ID(view.Marker())
	if id == "" {
		return nil, checkpoint.Manifest{}, errors.Join(errors.New("nothing is committed yet, so there is nothing to save"), view.Close())
	}
	// It was the newest a moment ago; a collector lets it go only when a base that is yet to be written is in use.
	m, err := s.repo.LoadManifest(ctx, id)
	if err != nil {
		return nil, checkpoint.Manifest{}, errors.Join(fmt.Errorf("checkpoint %s: %w", id, err), view.Close())
	}
	return view, m, nil
}

// committed says whether the backend has any checkpoint.
func (s *shard) committed() bool {
	s.use.Lock()
	defer s.use.Unlock()
	if s.open() != nil {
		return false
	}
	marker, err := s.backend.Marker()
	return err == nil && marker != ""
}

// headerOf makes a savepoint's header of the manifest that holds all of a job.
func headerOf(m *checkpoint.Manifest) snapshot.Header {
	return snapshot.Header{
		Job: m.Job, Checkpoints: []string{string(m.ID)}, Exchange: m.Exchange,
		MaxParallelism: m.MaxParallelism, States: m.States, Sources: m.Sources, Watermarks: m.Watermarks, Drained: m.Drained || m.Finished,
	}
}

// writeSavepoint copies a view of state to where the savepoint is to be: all of it, or nothing stays.
func (in *Instance) writeSavepoint(ctx context.Context, st SavepointStatus, h snapshot.Header, view snapshot.Scanner) (snapshot.Header, error) {
	h.Name = st.Name
	w, err := in.createSavepoint(ctx, st, h)
	if err != nil {
		return snapshot.Header{}, err
	}
	hit("savepoint-begun")
	return commitOrAbort(ctx, w, w.Fill(view, in.savepoints.progress))
}

// commitOrAbort ends a creation that has come so far with err.
func commitOrAbort(ctx context.Context, w *snapshot.Writer, err error) (snapshot.Header, error) {
	if err == nil {
		hit("savepoint-filled")
		var h snapshot.Header
		if h, err = w.Commit(ctx); err == nil {
			hit("savepoint-committed")
			return h, nil
		}
	}
	clean, cancel := afterwards(ctx)
	defer cancel()
	return snapshot.Header{}, errors.Join(err, w.Abort(clean))
}

// afterwards is for what puts the store in order, whether ctx is over or not: it has a time of its own, which is enough for a slow store.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}

func (in *Instance) createSavepoint(ctx context.Context, st SavepointStatus, h snapshot.Header) (*snapshot.Writer, error) {
	if at := snapshot.Path(in.o.JobID, st.Name); st.URL == snapshot.URL(in.o.Store, at) {
		return snapshot.Create(ctx, in.o.Store, at, h)
	}
	open := in.o.OpenStore
	if open == nil {
		open = checkpoint.OpenStore
	}
	return snapshot.CreateIn(ctx, st.URL, open, h)
}
