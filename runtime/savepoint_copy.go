package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// copyPart is one shard of a savepoint that is copied out of the checkpoint store.
type copyPart struct {
	repo       *checkpoint.Repository
	manifest   checkpoint.Manifest
	first, end uint16            // key groups
	ids        map[uint16]uint16 // of states: the shard's to the savepoint's; nil: they are the same
	part       *snapshot.Part
}

// copySavepoint makes a savepoint of the checkpoints that a cut names, without any backend.
func (in *Instance) copySavepoint(ctx context.Context, c cut, st SavepointStatus, progress func(done, total int64)) (snapshot.Header, error) {
	parts, h, err := in.describeCut(ctx, c)
	if err != nil {
		return snapshot.Header{}, err
	}
	h.Name = st.Name
	w, err := in.createSavepoint(ctx, st, h)
	if err != nil {
		return snapshot.Header{}, err
	}
	return commitOrAbort(ctx, w, copyParts(ctx, w, parts, progress))
}

// describeCut loads the manifests and puts together what they say.
func (in *Instance) describeCut(ctx context.Context, c cut) (parts []*copyPart, h snapshot.Header, err error) {
	for s, id := range c.checkpoints {
		p := &copyPart{}
		if p.repo, err = checkpoint.NewRepository(in.o.Store, in.o.JobID, "", checkpoint.Options{Shard: s.name}); err != nil {
			return nil, h, err
		}
		if p.manifest, err = p.repo.LoadManifest(ctx, id); err != nil {
			return nil, h, fmt.Errorf("checkpoint %s, which the decision record names: %w", id, err)
		}
		if n := p.manifest.MaxParallelism; n != in.o.MaxParallelism {
			return nil, h, fmt.Errorf("checkpoint %s has %d key groups, WEIR_MAX_PARALLELISM is %d: set it to %d", id, n, in.o.MaxParallelism, n)
		}
		p.first, p.end = in.keyGroups(s)
		parts = append(parts, p)
	}
	if in.single() {
		return parts, headerOf(&parts[0].manifest), nil
	}
	slices.SortFunc(parts, func(a, b *copyPart) int { return cmp.Compare(a.first, b.first) })
	h = snapshot.Header{
		Job: in.o.JobID, Exchange: in.o.Exchange, MaxParallelism: in.o.MaxParallelism, Sources: slices.Clone(c.sources), Drained: c.drainedBy() != "",
	}
	for _, p := range parts {
		h.Checkpoints = append(h.Checkpoints, string(p.manifest.ID))
		h.Watermarks = append(h.Watermarks, p.manifest.Watermarks...)
	}
	h.States, err = unite(parts)
	return parts, h, err
}

// unite gives the states of all shards ids that hold for all of them: a shard that was worked on by another version of the job may have others.
func unite(parts []*copyPart) ([]state.Descriptor, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	all, err := state.NewRegistry(parts[0].manifest.States)
	if err != nil {
		return nil, err
	}
	for _, p := range parts[1:] {
		for _, d := range p.manifest.States {
			id, err := all.Unite(d)
			if err != nil {
				return nil, fmt.Errorf("checkpoint %s: %w", p.manifest.ID, err)
			}
			if id != d.ID && p.ids == nil {
				p.ids = map[uint16]uint16{}
			}
		}
		for _, d := range p.manifest.States {
			if id, _ := all.Unite(d); p.ids != nil {
				p.ids[d.ID] = id
			}
		}
	}
	return all.Descriptors(), nil
}

// copyParts copies some shards side by side.
func copyParts(ctx context.Context, w *snapshot.Writer, parts []*copyPart, progress func(done, total int64)) error {
	var (
		mu          sync.Mutex
		done, total int64
	)
	for i, p := range parts {
		p.part = w.Part(i)
		total += int64(p.end - p.first)
	}
	count := func(groups int64) {
		mu.Lock()
		defer mu.Unlock()
		if done += groups; progress != nil {
			progress(done, total)
		}
	}
	return each(len(parts), func(i int) error { return parts[i].copy(ctx, count) })
}

// copy restores the shard's checkpoint into its part.
func (p *copyPart) copy(ctx context.Context, count func(groups int64)) (err error) {
	plan, err := p.repo.Plan(ctx, p.manifest.ID, "")
	if err != nil {
		return err
	}
	from, err := p.repo.Stream(ctx, plan)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	next := from.Next
	if p.ids != nil {
		next = renumber(next, p.ids)
	}
	for at := p.first; ; {
		e, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			count(int64(p.end - at))
			return p.part.Close()
		}
		if err := p.part.Add(e); err != nil {
			return err
		}
		if group, _, _, _, _ := state.SplitKey(e.Key); group > at && group < p.end {
			count(int64(group - at))
			at = group
		}
	}
}
