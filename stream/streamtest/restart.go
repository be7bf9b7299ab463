package streamtest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// Restart makes all tasks anew, as after a commit and a start of the process: on what the backend holds, with the event time that they had come to. The clock goes on.
func (r *Runner) Restart() error {
	if err := errors.Join(r.settle(), r.commit()); err != nil {
		return err
	}
	begun := map[txn.Partition]reached{}
	for p, c := range r.sources {
		if c.Progress != nil {
			wm, idle := c.Progress()
			begun[p] = reached{wm, idle}
		}
	}
	order, wms, idle := r.order, r.reached, r.idle
	r.keyed, r.stores, r.order = nil, nil, nil
	if err := r.open(); err != nil {
		return err
	}
	r.begun = begun
	for _, p := range order {
		if _, err := r.source(p); err != nil {
			return err
		}
	}
	r.reached, r.idle = wms, idle
	for i, chains := range r.keyed {
		for _, c := range chains {
			if wms[i] == operators.NoWatermark {
				continue
			}
			if err := c.Watermark(wms[i]); err != nil {
				return err
			}
		}
	}
	return r.settle()
}

// reached is how far the event time of a source partition has come.
type reached struct {
	wm   int64
	idle bool
}

// resume lets a source task go on where its partition was.
func (r reached) resume(env *operators.Env) {
	if r.wm != operators.NoWatermark {
		env.Watermark = r.wm
	}
	env.Idle = r.idle
}

// commit puts into the backend what the tasks have in their states.
func (r *Runner) commit() error {
	all, err := r.seal()
	if err != nil {
		return err
	}
	// A broadcast state has the same entry in several tasks.
	all = slices.CompactFunc(all, func(a, b state.Entry) bool { return bytes.Equal(a.Key, b.Key) })
	return r.Backend.Apply(all, "restarted")
}
