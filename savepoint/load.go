package savepoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// Header says what a savepoint is of: its job, states, source positions and files.
type Header = snapshot.Header

// Savepoint is a savepoint, or the last checkpoint of a job, open for reading. Its methods may be called side by side; Close comes last.
type Savepoint struct {
	url    string
	header Header
	parts  []part
	base   *snapshot.Snapshot // nil: it is a checkpoint
	close  func() error

	packing Packing
}

// part is the state of some key groups, which no other part has. A job whose state is in shards has one for each; state ids hold within a part only.
type part struct {
	states map[uint16]*state.Descriptor
	scan   func(ctx context.Context, first, last uint16) (entries, error)
}

// entries are read in key order, every byte verified.
type entries interface {
	Next() (e state.Entry, ok bool, err error)
	Close() error
}

// Load opens the savepoint at a URL, such as file:///var/lib/weir/checkpoints/wordcount/savepoint/before-upgrade. It reads and verifies the header; data
// is verified when it is read. The URL of a checkpoint will do for reading, <store>/<job>/manifest/<id>; of a job in shards, that of a shard's.
func Load(ctx context.Context, url string) (*Savepoint, error) {
	return Unpack(Packing{}).Load(ctx, url)
}

// Load is the function Load.
func (u Unpacker) Load(ctx context.Context, url string) (*Savepoint, error) {
	if at, ok := checkpoint.Locate(url); ok {
		return u.open(ctx, at)
	}
	s, err := snapshot.OpenIn(ctx, url, packed(checkpoint.ReadStore, u.packing))
	if err != nil {
		return nil, err
	}
	h := s.Header()
	scan := func(ctx context.Context, first, last uint16) (entries, error) { return s.Scan(ctx, first, last) }
	all := part{states: byID(h.States), scan: scan}
	return &Savepoint{url: s.URL(), header: h, parts: []part{all}, base: s, packing: u.packing, close: s.Close}, nil
}

// LoadCheckpoint opens the last checkpoint of a job that is noted as committed in its store. That is for looking at: a job which crashed may have
// committed a later one, and collects what it needs no more, so that a scan beside a running job can fail. Of a job whose state is in shards
// each is read at its own last checkpoint, which need not be a consistent cut. To change state, take a savepoint.
func LoadCheckpoint(ctx context.Context, storeURL, job string) (*Savepoint, error) {
	return Unpack(Packing{}).LoadCheckpoint(ctx, storeURL, job)
}

// LoadCheckpoint is the function LoadCheckpoint.
func (u Unpacker) LoadCheckpoint(ctx context.Context, storeURL, job string) (*Savepoint, error) {
	return u.open(ctx, checkpoint.Location{Store: storeURL, Job: job})
}

// open opens a checkpoint. Without an ID it is the last one, of all shards.
func (u Unpacker) open(ctx context.Context, at checkpoint.Location) (*Savepoint, error) {
	s, err := packed(checkpoint.ReadStore, u.packing)(at.Store)
	if err != nil {
		return nil, err
	}
	sp := &Savepoint{url: s.URL() + "/" + at.Job, header: Header{Job: at.Job}, close: s.Close}
	shards := []string{at.Shard}
	if at.ID == "" {
		shards, err = shardsOf(ctx, s, at.Job)
	}
	for _, at.Shard = range shards {
		if err == nil {
			err = sp.add(ctx, s, at, len(shards) > 1)
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return sp, nil
}

// add reads the manifests of one checkpoint.
func (sp *Savepoint) add(ctx context.Context, s checkpoint.Store, at checkpoint.Location, sharded bool) error {
	r, err := checkpoint.NewRepository(s, at.Job, "", checkpoint.Options{Shard: at.Shard})
	if err != nil {
		return err
	}
	if at.ID == "" {
		id, ok, err := r.Latest(ctx)
		if err != nil {
			return err
		}
		if at.ID = id; !ok {
			return fmt.Errorf("%s has no committed checkpoint of a job %q: expected the URL of its checkpoint store (WEIR_CHECKPOINT_STORE) and its id (WEIR_JOB_ID)", s.URL(), at.Job)
		}
	}
	plan, err := r.Plan(ctx, at.ID, "")
	if err != nil {
		return err
	}
	return sp.addCheckpoint(r, plan, sharded)
}

// shardsOf lists the shards of a job that have a checkpoint, by their numbers, which are their names: so their key groups ascend. It is the one without a name, if
// it has none.
func shardsOf(ctx context.Context, s checkpoint.Store, job string) (shards []string, err error) {
	prefix := job + "/shard/"
	infos, err := s.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if shard, ok := strings.CutSuffix(strings.TrimPrefix(info.Name, prefix), "/latest"); ok && !strings.Contains(shard, "/") {
			shards = append(shards, shard)
		}
	}
	if len(shards) == 0 {
		return []string{""}, nil
	}
	slices.SortFunc(shards, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return shards, nil
}

// addCheckpoint adds what a plan restores.
func (sp *Savepoint) addCheckpoint(r *checkpoint.Repository, plan checkpoint.Plan, sharded bool) error {
	m := plan.Manifest
	h := &sp.header
	if h.MaxParallelism != 0 && h.MaxParallelism != m.MaxParallelism {
		return fmt.Errorf("checkpoint %s of %s has max parallelism %d, other shards have %d", m.ID, r.URL(), m.MaxParallelism, h.MaxParallelism)
	}
	h.MaxParallelism, h.Exchange, h.Created = m.MaxParallelism, m.Exchange, m.Created
	h.Checkpoints = append(h.Checkpoints, string(m.ID))
	h.Sources = append(h.Sources, m.Sources...)
	h.Watermarks = append(h.Watermarks, m.Watermarks...)
	p := part{states: byID(m.States)}
	p.scan = func(ctx context.Context, first, last uint16) (entries, error) {
		s, err := r.Stream(ctx, plan)
		if err != nil {
			return nil, err
		}
		return &groupRange{entries: s, first: first, last: last}, nil
	}
	sp.parts = append(sp.parts, p)
	return sp.joinStates(m.States, sharded)
}

// joinStates adds the states of a shard to those of the header, under ids that hold for all of them.
func (sp *Savepoint) joinStates(states []state.Descriptor, sharded bool) error {
	if !sharded {
		sp.header.States = states
		return nil
	}
	reg, err := state.NewRegistry(sp.header.States)
	if err != nil {
		return err
	}
	for _, d := range states {
		if _, err := reg.Unite(d); err != nil {
			return err
		}
	}
	sp.header.States = reg.Descriptors()
	return nil
}

func byID(states []state.Descriptor) map[uint16]*state.Descriptor {
	m := make(map[uint16]*state.Descriptor, len(states))
	for i := range states {
		m[states[i].ID] = &states[i]
	}
	return m
}

// URL is where it is.
func (sp *Savepoint) URL() string { return sp.url }

// Header says what it is of. It must not be changed.
func (sp *Savepoint) Header() Header { return sp.header }

// State finds the descriptor of a state; the error lists those that there are.
func (sp *Savepoint) State(uid, name string) (state.Descriptor, error) {
	for _, d := range sp.header.States {
		if d.UID == uid && d.Name == name {
			return d, nil
		}
	}
	return state.Descriptor{}, fmt.Errorf("%s has no state %q of operator %q; %s", sp.url, name, uid, listed(sp.header.States))
}

// listed names states in errors.
func listed(states []state.Descriptor) string {
	if len(states) == 0 {
		return "it has no states at all"
	}
	var names []string
	for _, d := range states {
		names = append(names, d.UID+" "+d.Name)
	}
	slices.Sort(names)
	return "there are " + strings.Join(names, ", ")
}

// Verify reads every byte of a savepoint. The error names every file that is damaged or missing. progress may be nil.
func (sp *Savepoint) Verify(ctx context.Context, progress func(done, total int64)) error {
	if sp.base == nil {
		return fmt.Errorf("%s is a checkpoint: it is verified when it is read, as a whole", sp.url)
	}
	return sp.base.Verify(ctx, progress)
}

// Close lets go of the store.
func (sp *Savepoint) Close() error { return sp.close() }
