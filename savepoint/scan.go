package savepoint

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// Entry is one entry of a state: a value, an entry of a map, an element or the length of a list, a timer. What Suffix means depends on State.Kind; see
// package state, "Keys". Its slices are never overwritten, and must not be changed.
type Entry struct {
	State  *state.Descriptor
	Group  uint16
	Key    []byte // the record's
	Suffix []byte
	Value  []byte
}

// Filter chooses entries; the zero value chooses all.
type Filter struct {
	UID, Name string // empty: of any operator, of any state
	// Key and Prefix are what the record's encoded key must be, or begin with; nil: anything. With a Key only its key group is read. Broadcast state has no such
	// keys: none of it is chosen then.
	Key, Prefix []byte
}

func (f *Filter) state(d *state.Descriptor) bool {
	return (f.UID == "" || f.UID == d.UID) && (f.Name == "" || f.Name == d.Name) && (d.Kind != state.KindBroadcast || !f.keyed())
}

func (f *Filter) keyed() bool { return f.Key != nil || len(f.Prefix) > 0 }

func (f *Filter) key(key []byte) bool {
	return (f.Key == nil || bytes.Equal(f.Key, key)) && bytes.HasPrefix(key, f.Prefix)
}

// Entries reads what the filter chooses, by key group, state and key. Broadcast state, of which each key group has a copy, is shown once. After
// an error nothing follows.
func (sp *Savepoint) Entries(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		first, last := uint16(0), uint16(sp.header.MaxParallelism-1)
		if f.Key != nil {
			first = state.KeyGroup(f.Key, sp.header.MaxParallelism)
			last = first
		}
		for i := range sp.parts {
			more, err := sp.parts[i].each(ctx, first, last, &f, yield)
			if err != nil {
				yield(Entry{}, fmt.Errorf("read %s: %w", sp.url, err))
				return
			}
			if !more {
				return
			}
		}
	}
}

// each yields the chosen entries of a part until yield wants no more.
func (p *part) each(ctx context.Context, first, last uint16, f *Filter, yield func(Entry, error) bool) (more bool, err error) {
	s, err := p.scan(ctx, first, last)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	chosen := p.chosen(f)
	var head [4]byte // group and state of the entry before
	var at Entry
	skip := false
	for {
		e, ok, err := s.Next()
		if err != nil || !ok {
			return err == nil, err
		}
		if len(e.Key) > len(head) && bytes.Equal(e.Key[:len(head)], head[:]) && at.State != nil {
			if skip {
				continue
			}
		} else if skip, err = p.turn(e.Key, &head, &at, chosen); err != nil {
			return false, err
		} else if skip {
			continue
		}
		if _, _, at.Key, at.Suffix, err = state.SplitKey(e.Key); err != nil {
			return false, err
		}
		at.Value = e.Value
		if f.key(at.Key) && !yield(at, nil) {
			return false, nil
		}
	}
}

// chosen are the states that the filter wants.
func (p *part) chosen(f *Filter) map[uint16]bool {
	m := map[uint16]bool{}
	for id, d := range p.states {
		m[id] = f.state(d)
	}
	return m
}

// turn goes on to the next state or key group.
func (p *part) turn(key []byte, head *[4]byte, at *Entry, chosen map[uint16]bool) (skip bool, err error) {
	group, id, _, _, err := state.SplitKey(key)
	if err != nil {
		return false, err
	}
	d, known := p.states[id]
	if !known {
		return false, &checkpoint.CorruptError{File: "entries", Detail: fmt.Sprintf("key %x is of state id %d, which no descriptor has", key, id)}
	}
	copy(head[:], key)
	at.State, at.Group = d, group
	return !chosen[id] || d.Kind == state.KindBroadcast && group != 0, nil
}

// groupRange cuts key groups out of a stream that begins with the first.
type groupRange struct {
	entries
	first, last uint16
}

func (g *groupRange) Next() (state.Entry, bool, error) {
	for {
		e, ok, err := g.entries.Next()
		if err != nil || !ok || len(e.Key) < 2 {
			return e, ok, err
		}
		switch group := binary.BigEndian.Uint16(e.Key); {
		case group > g.last:
			return state.Entry{}, false, nil
		case group >= g.first:
			return e, true, nil
		}
	}
}
