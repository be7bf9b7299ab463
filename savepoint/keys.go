package savepoint

import (
	"bytes"
	"context"
	"iter"

	"github.com/weirstream/weir/state"
)

// keysOf is each key once that an operator has state for.
func keysOf[K any](ctx context.Context, g *graphState, uid string, keys state.Codec[K]) iter.Seq2[Record[KV[K, struct{}]], error] {
	return func(yield func(Record[KV[K, struct{}]], error) bool) {
		for b, err := range g.keys(ctx, uid) {
			var r Record[KV[K, struct{}]]
			if err == nil {
				r.Value.Key, err = keys.Decode(b)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// keys goes through the key groups; in each, the states' keys come in the same order, so that equal ones meet. It reads what the backend held when it
// began.
func (g *graphState) keys(ctx context.Context, uid string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		snap, err := g.backend.Snapshot()
		if err != nil {
			yield(nil, err)
			return
		}
		defer snap.Close()
		for group := range g.groups {
			var all []*keyCursor
			for _, d := range g.states {
				if d.UID == uid && d.Kind != state.KindBroadcast {
					all = append(all, &keyCursor{snap: snap, group: uint16(group), id: d.ID})
				}
			}
			for {
				key, ok, err := least(all)
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if !ok {
					break
				}
				if !yield(key, nil) {
					return
				}
			}
		}
	}
}

// least takes the smallest key from all cursors that stand at it.
func least(all []*keyCursor) (key []byte, ok bool, err error) {
	var min []byte
	for _, c := range all {
		k, some, err := c.peek()
		if err != nil {
			return nil, false, err
		}
		if some && (min == nil || compareKeys(k, min) < 0) {
			min = k
		}
	}
	if min == nil {
		return nil, false, nil
	}
	for _, c := range all {
		if k, some, _ := c.peek(); some && bytes.Equal(k, min) {
			c.page = c.page[1:]
		}
	}
	return min, true, nil
}

// compareKeys is the order in which a state has its keys: their length comes first.
func compareKeys(a, b []byte) int {
	return bytes.Compare(state.AppendKey(nil, 0, 0, a), state.AppendKey(nil, 0, 0, b))
}

// keyCursor goes through the keys of one state in one key group.
type keyCursor struct {
	snap      state.Snapshot
	group, id uint16
	page      [][]byte
	lower     []byte
	end       bool
}

const keyPage = 1024

func (c *keyCursor) peek() ([]byte, bool, error) {
	if len(c.page) == 0 && !c.end {
		if err := c.more(); err != nil {
			return nil, false, err
		}
	}
	if len(c.page) == 0 {
		return nil, false, nil
	}
	return c.page[0], true, nil
}

// more reads the next keys. One without bytes is kept as one that is not nil.
func (c *keyCursor) more() error {
	if c.lower == nil {
		c.lower = state.AppendKey(nil, c.group, c.id, nil)[:4]
	}
	upper := state.AppendKey(nil, c.group, c.id+1, nil)[:4]
	if c.id == 1<<16-1 {
		upper = state.AppendKey(nil, c.group+1, 0, nil)[:4]
	}
	c.end = true
	var failed error
	err := c.snap.Scan(c.lower, upper, func(entry, _ []byte) bool {
		_, _, key, suffix, err := state.SplitKey(entry)
		if failed = err; err != nil {
			return false
		}
		if n := len(c.page); n > 0 && bytes.Equal(c.page[n-1], key) {
			return true
		}
		if len(c.page) == keyPage {
			c.lower, c.end = bytes.Clone(entry[:len(entry)-len(suffix)]), false
			return false
		}
		c.page = append(c.page, append([]byte{}, key...))
		return true
	})
	if err == nil {
		err = failed
	}
	return err
}
