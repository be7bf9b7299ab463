package statetool

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/internal/diskfull"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// regrouped are the entries of one state as they would be with another number of key groups.
type regrouped struct {
	sorter  *entrysort.Sorter
	entries checkpoint.Next
	of      *state.Descriptor
}

// regroup reads all that pull has, and sorts it in a folder among the temporary ones, in bounded memory. It must be closed.
func regroup(ctx context.Context, pull pull, groups int) (*regrouped, error) {
	dir, err := os.MkdirTemp("", "weir-diff-")
	if err != nil {
		return nil, fmt.Errorf("a folder to sort state in: %w", diskfull.Explain(err))
	}
	r := &regrouped{}
	if r.sorter, err = entrysort.New(ctx, dir, 0); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := r.sort(pull, groups); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *regrouped) sort(pull pull, groups int) error {
	var key []byte
	for e, err, more := pull(); more; e, err, more = pull() {
		if err != nil {
			return err
		}
		group := uint16(0) // broadcast state is shown once
		if r.of = e.State; r.of.Kind != state.KindBroadcast {
			group = state.KeyGroup(e.Key, groups)
		}
		key = append(state.AppendKey(key[:0], group, r.of.ID, e.Key), e.Suffix...)
		if err := r.sorter.Add(key, e.Value); err != nil {
			return err
		}
	}
	sorted, err := r.sorter.Sorted()
	if err == nil {
		r.entries = sorted.Each()
	}
	return err
}

// next is a pull.
func (r *regrouped) next() (e savepoint.Entry, err error, more bool) { //nolint:revive // as iter.Pull2 has it
	raw, ok, err := r.entries()
	if err != nil || !ok {
		return e, err, err != nil
	}
	e.State, e.Value = r.of, raw.Value
	e.Group, _, e.Key, e.Suffix, err = state.SplitKey(raw.Key)
	return e, err, true
}

func (r *regrouped) close() error { return r.sorter.Close() }
