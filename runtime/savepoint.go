package runtime

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
)

// SavepointRequest asks for a savepoint of the running job.
type SavepointRequest struct {
	// Name is that of its folder in the job's own store, <job>/savepoint/<name>; empty: the time.
	Name string `json:"name,omitempty"`
	// To is the URL of its folder, anywhere else.
	To string `json:"to,omitempty"`
	// Stop ends the instance: its last commit is what the savepoint holds.
	Stop bool `json:"stop,omitempty"`
	// Drain lets all timers and windows fire before, of both times, and commits what comes of it. It needs Stop.
	Drain bool `json:"drain,omitempty"`
}

// SavepointState is how far a savepoint has come.
type SavepointState string

// The states of a savepoint.
const (
	SavepointRunning SavepointState = "running"
	SavepointDone    SavepointState = "done"
	SavepointFailed  SavepointState = "failed"
)

// SavepointStatus is what is known of a savepoint that was asked of this process.
type SavepointStatus struct {
	Name  string         `json:"name"`
	URL   string         `json:"url"`
	State SavepointState `json:"state"`
	Stop  bool           `json:"stop,omitempty"`
	Drain bool           `json:"drain,omitempty"`
	// Scheduled: nobody has asked for it.
	Scheduled bool `json:"scheduled,omitempty"`
	// Done of Total steps, which are of about the same size; Total 0: it waits for its commit.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`

	Began       time.Time `json:"began"`
	Ended       time.Time `json:"ended,omitzero"`
	Checkpoints []string  `json:"checkpoints,omitempty"`
	Bytes       int64     `json:"bytes,omitempty"`
	Entries     uint64    `json:"entries,omitempty"`
	Error       string    `json:"error,omitempty"`
}

// Errors of StartSavepoint.
var (
	// ErrSavepointBusy: another one is being taken.
	ErrSavepointBusy = errors.New("another savepoint is being taken")
	// ErrSavepointRequest: what is asked for can't be done.
	ErrSavepointRequest = errors.New("this savepoint cannot be taken")
)

// remembered is how many savepoints a process tells of.
const remembered = 20

// savepoints are those that were asked of this process, the oldest first.
type savepoints struct {
	mu    sync.Mutex
	all   []SavepointStatus
	moved chan struct{}  // closed at the next change of a state
	over  bool           // the instance is ending
	work  sync.WaitGroup // of one that the job goes on during
	quiet sync.WaitGroup // of one that all instances stop for
}

// begin notes a new one, unless one is running.
func (s *savepoints) begin(st SavepointStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running() {
		return fmt.Errorf("%w: %s; wait for it", ErrSavepointBusy, s.all[len(s.all)-1].URL)
	}
	if s.over {
		return fmt.Errorf("%w: the instance is stopping", ErrSavepointRequest)
	}
	s.work.Add(1)
	if len(s.all) == remembered {
		s.all = slices.Delete(s.all, 0, 1)
	}
	s.all = append(s.all, st)
	return nil
}

// running says whether the newest is being taken; mu is held.
func (s *savepoints) running() bool {
	n := len(s.all)
	return n > 0 && s.all[n-1].State == SavepointRunning
}

// change changes the newest, which is the one that is running, and returns it: who has ended it has none any more.
func (s *savepoints) change(f func(*SavepointStatus)) SavepointStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.all[len(s.all)-1]
	f(st)
	if s.moved != nil && !s.running() {
		close(s.moved)
		s.moved = nil
	}
	return *st
}

func (s *savepoints) progress(done, total int64) {
	s.change(func(st *SavepointStatus) { st.Done, st.Total = done, total })
}

// end notes how the running one has come out. From then on there may be another one.
func (s *savepoints) end(h snapshot.Header, err error) SavepointStatus {
	return s.change(func(st *SavepointStatus) { st.end(h, err) })
}

// of is how far the last one of that name has come; others may have followed on it. Empty: nothing is known of any.
func (s *savepoints) of(name string) SavepointState {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range slices.Backward(s.all) {
		if st.Name == name {
			return st.State
		}
	}
	return ""
}

func (st *SavepointStatus) end(h snapshot.Header, err error) {
	st.Ended = time.Now()
	if err != nil {
		st.State, st.Error = SavepointFailed, err.Error()
		return
	}
	st.State, st.Checkpoints, st.Bytes, st.Entries = SavepointDone, h.Checkpoints, h.Size(), h.Entries()
}

// Savepoints lists what was asked of this process, the oldest first.
func (in *Instance) Savepoints() []SavepointStatus {
	in.savepoints.mu.Lock()
	defer in.savepoints.mu.Unlock()
	return slices.Clone(in.savepoints.all)
}

// AwaitSavepoint returns when no savepoint is being taken any more, or with ctx.
func (in *Instance) AwaitSavepoint(ctx context.Context) {
	s := &in.savepoints
	s.mu.Lock()
	if !s.running() {
		s.mu.Unlock()
		return
	}
	if s.moved == nil {
		s.moved = make(chan struct{})
	}
	moved := s.moved
	s.mu.Unlock()
	select {
	case <-moved:
	case <-ctx.Done():
	}
}

// StartSavepoint begins to take a savepoint and returns at once; Savepoints tells how it goes on. The job goes on meanwhile, unless it is to stop.
func (in *Instance) StartSavepoint(r SavepointRequest) (SavepointStatus, error) {
	return in.startSavepoint(SavepointStatus{Name: r.Name, URL: r.To, Stop: r.Stop, Drain: r.Drain})
}

func (in *Instance) startSavepoint(st SavepointStatus) (SavepointStatus, error) {
	st.State, st.Began = SavepointRunning, time.Now()
	if err := in.checkSavepoint(&st); err != nil {
		return SavepointStatus{}, fmt.Errorf("%w: %w", ErrSavepointRequest, err)
	}
	if err := in.savepoints.begin(st); err != nil {
		return SavepointStatus{}, err
	}
	in.log.Info("taking a savepoint", "to", st.URL, "stop", st.Stop, "drain", st.Drain)
	if st.Stop {
		defer in.savepoints.work.Done() // only now the end of the instance may look for it
		if in.single() {
			in.post(event{then: func() { in.stopWith(st) }})
		} else {
			in.savepoints.quiet.Go(func() { in.stopAllWith(st) })
		}
		return st, nil
	}
	go func() {
		defer in.savepoints.work.Done()
		ctx, cancel := in.untilEnded()
		defer cancel()
		in.endSavepoint(in.takeSavepoint(ctx, st))
	}()
	return st, nil
}

// untilEnded is over when the loop has ended.
func (in *Instance) untilEnded() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(in.ctx)
	go func() {
		select {
		case <-in.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// stop refuses further savepoints and waits for the one that is being taken, which is given up.
func (s *savepoints) stop() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.work.Wait()
}

// checkSavepoint says whether it can be taken.
func (in *Instance) checkSavepoint(st *SavepointStatus) error {
	switch {
	case st.Drain && !st.Stop:
		return errors.New("drain needs stop: it lets all timers and windows fire, which is for a job that ends")
	case !in.Status().Ready():
		return fmt.Errorf("the instance is %s; ask again when it is running", in.Status().Phase)
	}
	return in.placeSavepoint(st)
}

// placeSavepoint fills in what was left open of where it is to be.
func (in *Instance) placeSavepoint(st *SavepointStatus) error {
	if st.URL == "" {
		if st.Name == "" {
			st.Name = time.Now().UTC().Format("20060102T150405.000Z")
		}
		if err := store.CheckSegment(st.Name); err != nil {
			return fmt.Errorf("name %w", err)
		}
		if strings.HasPrefix(st.Name, periodic) && !st.Scheduled {
			return fmt.Errorf("name %q: names that begin with %q are those of the schedule (WEIR_SAVEPOINT_INTERVAL), which deletes old ones; choose another", st.Name, periodic)
		}
		st.URL = snapshot.URL(in.o.Store, snapshot.Path(in.o.JobID, st.Name))
		return nil
	}
	_, at, err := snapshot.Locate(st.URL)
	if st.Name == "" {
		st.Name = path.Base(at)
	}
	to, _, _ := strings.Cut(st.URL, "?")
	own, _, _ := strings.Cut(snapshot.URL(in.o.Store, snapshot.Path(in.o.JobID, periodic)), "?")
	if err == nil && strings.HasPrefix(to, own) {
		return fmt.Errorf("%s: names that begin with %q in the job's folder are those of the schedule (WEIR_SAVEPOINT_INTERVAL), which deletes old ones; choose another", st.URL, periodic)
	}
	return err
}
