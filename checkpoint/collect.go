package checkpoint

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Collector deletes files that no decision record can name any more. doc.go has the argument why it can't delete a file of a
// successor, whatever is frozen when. Its methods are for one goroutine at a time.
type Collector struct {
	repo *Repository
	now  func() time.Time    // to see that a hold has lapsed
	seen map[string]sighting // holds

	mu       sync.Mutex
	foreign  map[string]foreignFile // files of other runs by name, as last listed
	observed bool
	floor    uint64 // own epochs up to this one may have been committed before the listing ended
}

type foreignFile struct {
	kind fileKind
	id   ID
}

// NewCollector is for the run of r; one is enough.
func NewCollector(r *Repository) *Collector { return &Collector{repo: r, now: time.Now} }

// Observe lists the files of other runs, the candidates. They count as dead only when Collect is told of a decided checkpoint of
// ours that was prepared after Observe had returned: had a newer run listed here fenced us, it could not have been decided. Call it
// after recovery, and perhaps every few hours; it costs a listing.
func (c *Collector) Observe(ctx context.Context) error {
	r := c.repo
	infos, err := r.store.List(ctx, r.path(""))
	if err != nil {
		return fmt.Errorf("collect garbage: %w", err)
	}
	foreign := map[string]foreignFile{}
	for _, info := range infos {
		name := info.Name[len(r.path("")):]
		if kind, id := parseName(name); kind != kindOther && id.Run() != r.run {
			foreign[name] = foreignFile{kind, id}
		}
	}
	r.mu.Lock()
	floor := r.prepared // read after the listing: see the field
	r.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.foreign, c.observed, c.floor = foreign, true, floor
	return nil
}

// CollectPlan is what Collect deletes, and why it may.
type CollectPlan struct {
	Decided ID
	Keep    int      // checkpoints and base files that are or may be needed
	Delete  []string // relative to the job's folder
	// Foreign: files of other runs are among the candidates, since Decided confirms that they are dead.
	Foreign bool
	// Held names those for whom all of it stays for now: see Repository.Hold.
	Held []string
}

// String is the plan as people read it in the log.
func (p CollectPlan) String() string {
	s := fmt.Sprintf("garbage at checkpoint %s: checkpoints and base files to keep: %d, files to delete: %d", p.Decided, p.Keep, len(p.Delete))
	if !p.Foreign {
		s += "; files of other runs wait for a commit"
	}
	if len(p.Held) > 0 {
		s += "; held by " + strings.Join(p.Held, ", ")
	}
	for _, name := range p.Delete {
		s += "\n  " + name
	}
	return s
}

// Collect makes a plan and carries it out. decided is a checkpoint of which it is KNOWN that it is decided, the newest one; retain is how
// many of the last decided ones stay restorable (at least 1, itself). It costs no I/O if there is nothing to delete, and about
// 0.2 µs for each checkpoint since the base. Told of an older checkpoint than before it does nothing. What can't be deleted, or is held (CollectPlan.Held),
// is tried again the next time.
func (c *Collector) Collect(ctx context.Context, decided ID, retain int) (CollectPlan, error) {
	p, err := c.Plan(ctx, decided, retain)
	if err != nil || len(p.Delete) == 0 {
		return p, err
	}
	// Now, after decided is known: a hold put later is followed by a look at the decision record, which names nothing that we delete.
	if p.Held, err = c.holders(ctx); err != nil {
		return p, fmt.Errorf("collect garbage at %s: who holds files: %w", c.repo.named(decided), err)
	}
	if len(p.Held) > 0 {
		return p, nil
	}
	paths := make([]string, len(p.Delete))
	for i, name := range p.Delete {
		paths[i] = c.repo.path(name)
	}
	if err := c.repo.store.Delete(ctx, paths...); err != nil {
		return p, fmt.Errorf("collect garbage at %s: %w", c.repo.named(decided), err)
	}
	c.forget(p.Delete)
	return p, nil
}

// Plan says what Collect would delete.
func (c *Collector) Plan(ctx context.Context, decided ID, retain int) (CollectPlan, error) {
	if c.repo.passed(decided) {
		return CollectPlan{Decided: decided}, nil
	}
	keep, err := c.repo.reachable(ctx, decided, retain)
	if err != nil {
		return CollectPlan{}, fmt.Errorf("collect garbage at %s: %w", c.repo.named(decided), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := CollectPlan{Decided: decided, Keep: len(keep.ids) + len(keep.bases)}
	p.Delete = c.repo.ownGarbage(keep, decided)
	// Strictly above the floor: prepared, and so decided, after the listing had ended.
	if p.Foreign = c.observed && decided.Run() == c.repo.run && decided.Epoch() > c.floor; p.Foreign {
		for name, f := range c.foreign {
			if !keep.has(f.kind, f.id, name) {
				p.Delete = append(p.Delete, name)
			}
		}
	}
	slices.Sort(p.Delete)
	return p, nil
}

func (c *Collector) forget(names []string) {
	c.mu.Lock()
	for _, name := range names {
		delete(c.foreign, name)
	}
	c.mu.Unlock()
	c.repo.forget(names)
}
