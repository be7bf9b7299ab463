package runtime

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/state"
)

// regroup puts entries into other key groups: those of records by their keys, and the map of a broadcast state into every group anew. What comes out is
// sorted; it is good until close.
func (i *inherited) regroup(ctx context.Context, next checkpoint.Next, groups int, folder string) (sorted checkpoint.Next, close func() error, err error) {
	if folder == "" {
		return nil, nil, fmt.Errorf("%w: the savepoint has another number of key groups, and there is no folder to sort state in", ErrConfig)
	}
	s, err := entrysort.New(ctx, folder, 0)
	if err != nil {
		return nil, nil, err
	}
	for n := 0; err == nil; n++ {
		var e state.Entry
		var ok bool
		if e, ok, err = next(); err != nil || !ok {
			break
		}
		if n%1024 == 0 {
			err = ctx.Err()
		}
		err = errors.Join(err, i.place(s, e, groups))
	}
	if err == nil {
		sorted, err = s.Sorted()
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return sorted, s.Close, nil
}

// place adds an entry in its new key group, or in all.
func (i *inherited) place(s *entrysort.Sorter, e state.Entry, groups int) error {
	r, err := i.ruleOf(e.Key)
	if err != nil {
		return err
	}
	old, _, key, _, err := state.SplitKey(e.Key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	moved := append([]byte(nil), e.Key...)
	if r.of.Kind != state.KindBroadcast {
		binary.BigEndian.PutUint16(moved, state.KeyGroup(key, groups))
		return s.Add(moved, e.Value)
	}
	if r.copies < 0 {
		r.copies = int(old)
	}
	if r.copies != int(old) {
		return nil // the same once more
	}
	for g := range groups {
		binary.BigEndian.PutUint16(moved, uint16(g))
		if err := s.Add(moved, e.Value); err != nil {
			return err
		}
	}
	return nil
}
