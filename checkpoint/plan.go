package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Plan says how committed state gets to the checkpoint that the decision record names. It is computed from manifests alone, before
// anything is changed.
type Plan struct {
	Target ID // where state must stand; empty: nothing was ever decided, state must be empty
	Marker ID // where the local backend stands
	// Full: replace local state by Base and Deltas. Otherwise Deltas are applied to it, oldest first.
	Full     bool
	Base     BaseRef
	Deltas   []Step
	Manifest Manifest // of Target
	// OnRead, if it is set, hears of the bytes of files as they are read, all in all Bytes. Several goroutines call it.
	OnRead func(n int64)
}

// Bytes is the size of all files that the plan reads.
func (p Plan) Bytes() int64 {
	n := p.Base.Size()
	for _, s := range p.Deltas {
		n += s.Delta.Size
	}
	return n
}

// Step is one checkpoint's delta. Its Delta is zero if that epoch changed nothing.
type Step struct {
	ID    ID
	Delta FileRef
}

// String is the plan as people read it in the log.
func (p Plan) String() string {
	var b strings.Builder
	switch {
	case p.Target == "":
		return fmt.Sprintf("no checkpoint was decided: begin with empty state (local state is at %s)", p.Marker.orNone())
	case !p.Full && len(p.Deltas) == 0:
		return fmt.Sprintf("local state is at checkpoint %s already", p.Target)
	case !p.Full:
		fmt.Fprintf(&b, "replay %d checkpoints over local state at %s to reach %s", len(p.Deltas), p.Marker, p.Target)
	default:
		fmt.Fprintf(&b, "restore checkpoint %s (local state is at %s): base at %s and %d checkpoints",
			p.Target, p.Marker.orNone(), p.Base.At.orNone(), len(p.Deltas))
	}
	if p.Full {
		for _, f := range p.Base.all() {
			fmt.Fprintf(&b, "\n  %s: %d entries, %d bytes", f.Name, f.Entries, f.Size)
		}
	}
	for _, s := range p.Deltas {
		fmt.Fprintf(&b, "\n  %s: %s", s.ID, s.Delta)
	}
	return b.String()
}

// String describes the file.
func (f FileRef) String() string {
	switch {
	case f.Name == "":
		return "no changes"
	case f.Inline:
		return fmt.Sprintf("inline: %d entries, %d bytes", f.Entries, f.Size)
	}
	return fmt.Sprintf("%s: %d entries, %d bytes", f.Name, f.Entries, f.Size)
}

// Plan finds the way from the local backend's marker to target, the checkpoint that the decision record names. A file that is missing
// or damaged is an error that names it: an older checkpoint is never used instead.
func (r *Repository) Plan(ctx context.Context, target, marker ID) (Plan, error) {
	p := Plan{Target: target, Marker: marker}
	if target == "" {
		p.Full = marker != ""
		return p, nil
	}
	m, err := r.LoadManifest(ctx, target)
	if err != nil {
		return Plan{}, r.explain(target, target, err)
	}
	p.Manifest, p.Base = m, m.Base
	p.Full, p.Deltas, err = r.chain(ctx, target, marker)
	if err != nil {
		return Plan{}, err
	}
	if !p.Full {
		p.Base = BaseRef{}
	}
	return p, nil
}

// chain walks from target to its base, or to marker if that comes first, and returns the steps oldest first.
func (r *Repository) chain(ctx context.Context, target, marker ID) (full bool, steps []Step, err error) {
	var base ID
	seen := map[ID]bool{}
	for id := target; ; {
		if id == marker && marker != "" {
			full = false
			break
		}
		if id != target && id == base {
			full = true
			break
		}
		if seen[id] || id == "" {
			return false, nil, fmt.Errorf("recover checkpoint %s of %s: its chain of parents goes in a circle or ends (at %q) before its base %s",
				target, r.URL(), id, base)
		}
		seen[id] = true
		l, err := r.link(ctx, id)
		if err != nil {
			return false, nil, r.explain(target, id, err)
		}
		if id == target {
			base = l.base.At
		}
		steps = append(steps, Step{ID: id, Delta: l.delta})
		id = l.parent
	}
	slices.Reverse(steps)
	return full, steps, nil
}

// explain says what a missing or damaged manifest means for the recovery of target.
func (r *Repository) explain(target, id ID, err error) error {
	role := "which the decision record names"
	if id != target {
		role = fmt.Sprintf("which checkpoint %s builds on", target)
	}
	return fmt.Errorf("recover checkpoint %s of %s: checkpoint %s, %s, can't be read: %w", target, r.URL(), id, role, advise(err))
}

// advise adds the ways on to an error about a file that is missing or damaged.
func advise(err error) error {
	var corrupt *CorruptError
	if !errors.Is(err, ErrNotExist) && !errors.As(err, &corrupt) {
		return err
	}
	return fmt.Errorf("%w; an older checkpoint is never used instead: put the file back from a copy, or start from a savepoint", err)
}
