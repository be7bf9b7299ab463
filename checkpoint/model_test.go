package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/state"
)

// The model: several runs of one job share a store. Each is a program that is stopped before every single store operation (a
// Delete is one for each name) and every step at Kafka, and goes on only when the schedule says so. Kafka is two facts:
// who has fenced last, and which checkpoint is decided. The last decided checkpoints must be restorable, exactly, at every moment: they are restored
// when one is decided; from then on none of their files may be deleted, and no file may ever be written twice.
type model struct {
	store   *memstore.Store
	owner   string
	retain  int // that must be restorable
	decided checkpoint.ID
	history []checkpoint.ID // all that were decided
	states  map[checkpoint.ID]map[string]string
	needed  map[string]bool // files of the retained checkpoints
	broken  error
	noHolds bool // readers hold nothing: they must fail then
	collect func(*actor, checkpoint.ID) error
}

func newModel(retain int, collect func(*actor, checkpoint.ID) error) *model {
	return &model{store: memstore.Open(""), retain: retain, states: map[checkpoint.ID]map[string]string{"": {}}, collect: collect}
}

// check restores each retained checkpoint with an empty backend, and notes the files that they need.
func (m *model) check() error {
	m.needed = map[string]bool{}
	for _, id := range m.history[max(0, len(m.history)-m.retain):] {
		files, err := m.restores(id)
		if err != nil {
			return err
		}
		maps.Copy(m.needed, files)
	}
	return nil
}

// restores checks that a checkpoint gives its very state, and returns the files that it needs.
func (m *model) restores(id checkpoint.ID) (map[string]bool, error) {
	r, err := checkpoint.NewRepository(m.store, "job", "", checkpoint.Options{})
	if err != nil {
		return nil, err
	}
	p, err := r.Plan(context.Background(), id, "")
	if err != nil {
		return nil, err
	}
	b := newBackend()
	if err := r.Restore(context.Background(), p, b); err != nil || !maps.Equal(b.data, m.states[id]) {
		return nil, fmt.Errorf("checkpoint %s restores to %v, %w; want %v", id, b.data, err, m.states[id])
	}
	return filesOf(p), nil
}

func filesOf(p checkpoint.Plan) map[string]bool {
	files := map[string]bool{}
	for _, f := range slices.Concat(p.Base.Files, p.Base.Changes) {
		files["job/"+f.Name] = true
	}
	for _, s := range p.Deltas {
		files["job/"+s.Delta.Name], files["job/manifest/"+string(s.ID)] = true, true
	}
	return files
}

func (m *model) decide(id checkpoint.ID, state map[string]string) {
	m.decided, m.states[id] = id, state
	m.history = append(m.history, id)
	m.broken = errors.Join(m.broken, m.check())
}

func (m *model) put(name string, data []byte) error {
	if _, err := m.store.Get(context.Background(), name); err == nil {
		m.broken = fmt.Errorf("%s is written a second time", name)
	}
	return storetest.Put(m.store, name, data)
}

func (m *model) delete(name string) error {
	if m.needed[name] {
		m.broken = fmt.Errorf("%s is deleted, which one of the %d checkpoints up to the decided %s needs", name, m.retain, m.decided)
	}
	return m.store.Delete(context.Background(), name)
}

// actor is one run. grant lets it do its next operation.
type actor struct {
	m       *model
	run     string
	ctx     context.Context
	ask     chan struct{}
	fin     chan struct{}
	done    chan struct{}
	err     error
	reads   bool
	repo    *checkpoint.Repository
	garbage *checkpoint.Collector
}

func (m *model) start(ctx context.Context, run string, life func(*actor) error) *actor {
	a := &actor{m: m, run: run, ctx: ctx, ask: make(chan struct{}), fin: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.err = life(a)
	}()
	return a
}

// step waits for permission, does f, and gives the turn back.
func (a *actor) step(f func()) error {
	select {
	case a.ask <- struct{}{}:
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
	f()
	a.fin <- struct{}{}
	return nil
}

// grant does one step of the actor; false when it has ended.
func (a *actor) grant() bool {
	select {
	case <-a.ask:
		<-a.fin
		return true
	case <-a.done:
		return false
	}
}

// life is what a run does: fence, recover, and then epochs, with a snapshot or a fold at every second one and a collection at each.
func (a *actor) life(epochs int) (err error) {
	if a.repo, err = checkpoint.NewRepository(stepStore{a}, "job", a.run, checkpoint.Options{InlineLimit: 60, BaseFileSize: 80}); err != nil {
		return err
	}
	a.garbage = checkpoint.NewCollector(a.repo)
	var parent checkpoint.ID
	if err := a.step(func() { a.m.owner, parent = a.run, a.m.decided }); err != nil {
		return err
	}
	p, err := a.repo.Plan(a.ctx, parent, "")
	if err != nil {
		return err
	}
	b := newBackend()
	if err := a.repo.Restore(a.ctx, p, b); err != nil {
		return err
	}
	base := p.Base
	for epoch := uint64(1); epoch <= uint64(epochs); epoch++ {
		if epoch == 2 {
			err := a.garbage.Observe(a.ctx)
			if err == nil {
				err = a.m.collect(a, parent) // decided before the listing: it confirms nothing
			}
			if err != nil {
				return err
			}
		}
		id, fenced, err := a.epoch(epoch, parent, base, b)
		if err != nil || fenced {
			return err
		}
		if id == "" {
			continue // aborted
		}
		parent = id
		if err := a.m.collect(a, id); err != nil {
			return err
		}
		if epoch%2 == 1 {
			if base, err = a.base(id, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// base makes a snapshot and two folds in turn, which run begins with what.
func (a *actor) base(id checkpoint.ID, b *backend) (checkpoint.BaseRef, error) {
	if (id.Epoch()/2+uint64(a.run[len(a.run)-1]))%3 == 0 {
		return a.repo.WriteBase(a.ctx, id, scanOf(b))
	}
	return a.repo.Fold(a.ctx, id)
}

// epoch prepares and commits; every third one is aborted.
func (a *actor) epoch(epoch uint64, parent checkpoint.ID, base checkpoint.BaseRef, b *backend) (id checkpoint.ID, fenced bool, err error) {
	id = checkpoint.MakeID(a.run, epoch)
	entries := []state.Entry{put("k"+fmt.Sprint(epoch%3), string(id)+" and so much that it is not inline, half of the time"[:epoch%2*50]), put("run", a.run)}
	if _, err := a.repo.Prepare(a.ctx, checkpoint.Manifest{ID: id, Parent: parent, Base: base}, entries); err != nil {
		return "", false, err
	}
	if epoch%3 == 2 {
		return "", false, nil
	}
	err = a.step(func() {
		if fenced = a.m.owner != a.run; fenced {
			return
		}
		after := &backend{data: maps.Clone(a.m.states[parent])}
		_ = after.Apply(entries, "")
		a.m.decide(id, after.data)
	})
	_ = b.Apply(entries, string(id))
	return id, fenced, err
}

// stepStore asks before every operation.
type stepStore struct{ a *actor }

func (s stepStore) Put(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	data := &collectWriter{}
	if err := write(data); err != nil {
		return err
	}
	if serr := s.a.step(func() { err = s.a.m.put(name, data.b) }); serr != nil {
		return serr
	}
	return err
}

type collectWriter struct{ b []byte }

func (c *collectWriter) Write(p []byte) (int, error) {
	c.b = append(c.b, p...)
	return len(p), nil
}

func (s stepStore) Get(ctx context.Context, name string) (rc io.ReadCloser, err error) {
	if serr := s.a.step(func() { rc, err = s.a.m.store.Get(context.Background(), name) }); serr != nil {
		return nil, serr
	}
	return rc, err
}

func (s stepStore) List(ctx context.Context, prefix string) (infos []checkpoint.Info, err error) {
	if serr := s.a.step(func() { infos, err = s.a.m.store.List(context.Background(), prefix) }); serr != nil {
		return nil, serr
	}
	return infos, err
}

func (s stepStore) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		var err error
		if serr := s.a.step(func() { err = s.a.m.delete(name) }); serr != nil || err != nil {
			return serr
		}
	}
	return nil
}

func (s stepStore) URL() string  { return "model://" }
func (s stepStore) Close() error { return nil }

// properly collects as the package does it.
func properly(a *actor, decided checkpoint.ID) error {
	_, err := a.garbage.Collect(a.ctx, decided, a.m.retain)
	return err
}

// naively lists and deletes what its own decided checkpoint does not need: what a collector without fencing would do.
func naively(a *actor, decided checkpoint.ID) error {
	infos, err := stepStore{a}.List(a.ctx, "job/")
	if err != nil {
		return err
	}
	p, err := a.repo.Plan(a.ctx, decided, "")
	if err != nil {
		return err
	}
	keep := filesOf(p)
	for _, info := range infos {
		if !keep[info.Name] {
			if err := (stepStore{a}).Delete(a.ctx, info.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
