package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// renumber gives the entries of a sorted source other state ids. That changes their order within a key group, so one group at a time is in memory; it is
// needed only where a shard has met the versions of a job in another order than its neighbours.
func renumber(next checkpoint.Next, ids map[uint16]uint16) checkpoint.Next {
	var (
		group []state.Entry // in their new order
		ahead *state.Entry  // of the next group
	)
	fill := func() error {
		for {
			e, ok, err := next()
			if err != nil || !ok {
				return err
			}
			if e, err = withID(e, ids); err != nil {
				return err
			}
			if ahead == nil && len(group) == 0 || len(group) > 0 && bytes.Equal(group[0].Key[:2], e.Key[:2]) {
				group = append(group, e)
				continue
			}
			ahead = &e
			return nil
		}
	}
	return func() (state.Entry, bool, error) {
		if len(group) == 0 {
			if ahead != nil {
				group, ahead = append(group, *ahead), nil
			}
			if err := fill(); err != nil {
				return state.Entry{}, false, err
			}
			slices.SortFunc(group, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
		}
		if len(group) == 0 {
			return state.Entry{}, false, nil
		}
		e := group[0]
		group = group[1:]
		return e, true, nil
	}
}

func withID(e state.Entry, ids map[uint16]uint16) (state.Entry, error) {
	_, id, _, _, err := state.SplitKey(e.Key)
	if err != nil {
		return e, err
	}
	to, known := ids[id]
	if !known {
		return e, fmt.Errorf("key %x is of state id %d, which the checkpoint does not describe", e.Key, id)
	}
	e.Key = bytes.Clone(e.Key)
	binary.BigEndian.PutUint16(e.Key[2:], to)
	return e, nil
}
