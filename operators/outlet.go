package operators

// outlet is an output of a guarded operator. What the operator emits while its function runs is held back in it.
type outlet interface {
	release() error // let go of what is held
	drop()          // forget it
}

// Held is an output of a guarded operator.
func Held[U any](g *Guard, next Push[U]) Push[U] {
	if g == nil {
		return next
	}
	h := &held[U]{t: g.t, next: next}
	g.outs = append(g.outs, h)
	return func(u U) error {
		if !g.holding { // a function without a policy: one for broadcast records
			return next(u)
		}
		h.records = append(h.records, timedValue[U]{g.t.ts, u})
		return nil
	}
}

type held[U any] struct {
	t       *Task
	next    Push[U]
	records []timedValue[U]
}

func (h *held[U]) release() error {
	defer h.drop()
	for _, r := range h.records {
		h.t.ts = r.ts
		if err := h.next(r.v); err != nil {
			return err
		}
	}
	return nil
}

func (h *held[U]) drop() {
	clear(h.records) // keep nothing alive
	h.records = h.records[:0]
}
