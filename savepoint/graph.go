package savepoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// graphState is the state that graphs work on: a backend in the work folder, which begins with what the old savepoint has of their states, and
// takes the place of it.
type graphState struct {
	groups  int
	states  []state.Descriptor // of all graphs
	ids     map[uint16]bool
	backend state.Backend // nil: there are no graphs
	dir     string
	entries int
	next    checkpoint.Next
}

// runGraphs runs all graphs of the Edit. Interrupted ones are run again, from the beginning.
func (e *Edit) runGraphs(ctx context.Context, reg *state.Registry, work *work) (g *graphState, err error) {
	g = &graphState{groups: e.header.MaxParallelism, ids: map[uint16]bool{}, dir: filepath.Join(work.dir, "graph")}
	g.next = func() (entry state.Entry, ok bool, err error) { return entry, false, nil }
	if len(e.graphs) == 0 {
		return g, nil
	}
	plans := make([]*stream.Plan, len(e.graphs))
	for i, graph := range e.graphs {
		if plans[i], err = graph.job.Plan(); err != nil {
			return nil, err
		}
		if err := g.register(plans[i], reg); err != nil {
			return nil, err
		}
	}
	if err := os.RemoveAll(g.dir); err != nil {
		return nil, fmt.Errorf("work folder: %w", err)
	}
	if g.backend, err = pebble.Open(g.dir, pebble.Options{JobID: "bootstrap"}); err != nil {
		return nil, err
	}
	if err = e.load(ctx, g); err == nil {
		err = e.runAll(ctx, g, plans, reg)
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	g.next = g.timed(g.pages())
	return g, nil
}

// register notes which states a plan has, and gives them ids.
func (g *graphState) register(plan *stream.Plan, reg *state.Registry) error {
	own, err := state.NewRegistry(nil)
	if err != nil {
		return err
	}
	for _, s := range plan.Stages {
		if s.States == nil {
			continue
		}
		if err := s.States(own); err != nil {
			return err
		}
	}
	uids := map[string]bool{}
	for _, d := range own.Descriptors() {
		if _, err = reg.Register(d); err != nil {
			return err
		}
		uids[d.UID] = true
	}
	for _, d := range reg.Descriptors() { // also those that the functions don't ask for: Transform goes by their keys
		if uids[d.UID] && !g.ids[d.ID] {
			g.states = append(g.states, d)
			g.ids[d.ID] = true
		}
	}
	return nil
}

// load begins with what the old savepoint has.
func (e *Edit) load(ctx context.Context, g *graphState) (err error) {
	if e.base == nil {
		return nil
	}
	s, err := e.base.base.Scan(ctx, 0, uint16(g.groups-1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	kept := e.kept(s.Next, nil)
	return g.backend.Load(state.InBlocks(func() (state.Entry, bool, error) {
		for {
			entry, ok, err := kept()
			if err != nil || !ok {
				return entry, ok, err
			}
			if _, id, _, _, err := state.SplitKey(entry.Key); err == nil && g.ids[id] {
				return entry, true, nil
			}
		}
	}), "base")
}

func (e *Edit) runAll(ctx context.Context, g *graphState, plans []*stream.Plan, reg *state.Registry) error {
	for i, graph := range e.graphs {
		d, err := newDriver(ctx, g, plans[i], reg, int64(e.opts.Memory))
		if err != nil {
			return err
		}
		push := func(b *txn.Batch) error {
			d.records += int64(len(b.Records))
			e.progress("bootstrap", d.records, 0)
			return d.push(b)
		}
		if err := graph.feed(ctx, g, push); err != nil {
			return err
		}
		if err := d.apply(); err != nil {
			return err
		}
	}
	return nil
}

func (g *graphState) close() error {
	if g.backend == nil {
		return nil
	}
	return errors.Join(g.backend.Close(), os.RemoveAll(g.dir))
}

// pages reads the backend from its beginning to its end, some entries at a time.
func (g *graphState) pages() checkpoint.Next {
	var page []state.Entry
	var lower []byte // not an empty one, which Pebble does not expect
	end := false
	return func() (state.Entry, bool, error) {
		if len(page) == 0 && !end {
			const most = 4096
			end = true
			err := g.backend.Scan(lower, nil, func(key, value []byte) bool {
				page = append(page, state.Entry{Key: append([]byte(nil), key...), Value: append([]byte(nil), value...)})
				end = len(page) < most
				return end
			})
			if err != nil {
				return state.Entry{}, false, err
			}
			if len(page) > 0 {
				lower = append(append([]byte(nil), page[len(page)-1].Key...), 0)
			}
		}
		if len(page) == 0 {
			return state.Entry{}, false, nil
		}
		e := page[0]
		page = page[1:]
		return e, true, nil
	}
}

// driver runs the stages of a plan on one goroutine: a batch that one sends goes through the next at once.
type driver struct {
	ctx     context.Context
	g       *graphState
	plan    *stream.Plan
	chains  []*operators.Chain
	stores  []*state.Store // nil of the source stage
	limit   int64
	records int64
	seq     uint64
}

func newDriver(ctx context.Context, g *graphState, plan *stream.Plan, reg *state.Registry, limit int64) (*driver, error) {
	d := &driver{ctx: ctx, g: g, plan: plan, limit: limit}
	for i, s := range plan.Stages {
		env := &operators.Env{
			Parallelism: 1, MaxParallelism: g.groups, Send: d.send, Now: time.Now, Context: ctx,
			Produce:    func([]txn.Record) error { return nil },
			Partitions: func(string) (int32, error) { return 1, nil },
		}
		if s.Source == nil {
			env.State = state.NewStore(g.backend, reg, state.Options{CacheBytes: limit / 4})
		}
		chain, err := s.New(env)
		if err != nil {
			return nil, err
		}
		if chain.Drain != nil {
			return nil, fmt.Errorf("stage %s makes asynchronous calls, which can't be part of this", plan.Stages[i].Name)
		}
		d.chains, d.stores = append(d.chains, chain), append(d.stores, env.State)
	}
	return d, nil
}

// send lets a batch through the stage behind an exchange.
func (d *driver) send(exchange, _ int, b operators.Batch) error {
	for i, s := range d.plan.Stages {
		for _, input := range s.Inputs {
			if input == exchange {
				return d.chains[i].Exchange(exchange, b)
			}
		}
	}
	return fmt.Errorf("no stage is behind exchange %d", exchange)
}

func (d *driver) push(b *txn.Batch) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	if err := d.chains[0].Source(b); err != nil {
		return err
	}
	dirty := int64(0)
	for i, c := range d.chains {
		if err := c.Flush(); err != nil {
			return err
		}
		if d.stores[i] != nil {
			dirty += d.stores[i].DirtyBytes()
		}
	}
	if dirty < d.limit/4 {
		return nil
	}
	return d.apply()
}

// apply brings what the stores have changed to the backend.
func (d *driver) apply() error {
	d.seq++
	for _, s := range d.stores {
		if s == nil {
			continue
		}
		entries, err := s.Seal(d.seq)
		if err != nil {
			return err
		}
		if err := d.g.backend.Apply(entries, "bootstrap"); err != nil {
			return err
		}
		s.Applied(d.seq)
		d.g.entries += len(entries)
	}
	return nil
}
