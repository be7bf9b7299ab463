package runtime

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/state"
)

// regroup puts entries into other key groups: those of records by their keys, and the map of a broadcast state into every group anew. What comes out is
// sorted; it is good until close.
func (i *inherited) regroup(ctx context.Context, next state.Blocks, groups int, folder string) (sorted state.Blocks, close func() error, err error) {
	if folder == "" {
		return nil, nil, fmt.Errorf("%w: the savepoint has another number of key groups, and there is no folder to sort state in", ErrConfig)
	}
	s, err := entrysort.New(ctx, folder, 0)
	if err != nil {
		return nil, nil, err
	}
	if err = i.placeAll(ctx, s, next, groups); err == nil {
		sorted, err = s.Sorted()
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return sorted, s.Close, nil
}

func (i *inherited) placeAll(ctx context.Context, s *entrysort.Sorter, next state.Blocks, groups int) error {
	for {
		block, err := next()
		if err = errors.Join(err, ctx.Err()); err != nil || len(block) == 0 {
			return err
		}
		for _, e := range block {
			if err := i.place(s, e, groups); err != nil {
				return err
			}
		}
	}
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
