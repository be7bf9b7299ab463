package statetool

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// tally is what count and stats know of a state.
type tally struct {
	UID        string `json:"uid"`
	Name       string `json:"name"`
	Keys       int64  `json:"keys"`
	Entries    int64  `json:"entries"`
	KeyBytes   int64  `json:"keyBytes"`
	ValueBytes int64  `json:"valueBytes"`
	Largest    int    `json:"largestValue"`
	LargestKey string `json:"largestValueKey"`
	// Least and Most are the entries of the key groups that have the fewest and the most.
	Least int64 `json:"leastInGroup"`
	Most  int64 `json:"mostInGroup"`

	groups []int64
	key    []byte
	group  uint16
}

func (t *Tool) count(ctx context.Context, o *options) error {
	head := []string{"UID", "NAME", "KEYS", "ENTRIES"}
	return t.tallies(ctx, o, head, func(row func(v any, cells ...any), s *tally) {
		row(map[string]any{"uid": s.UID, "name": s.Name, "keys": s.Keys, "entries": s.Entries}, s.UID, s.Name, s.Keys, s.Entries)
	})
}

func (t *Tool) stats(ctx context.Context, o *options) error {
	head := []string{"UID", "NAME", "KEYS", "ENTRIES", "KEY BYTES", "VALUE BYTES", "LARGEST", "OF KEY", "LEAST IN GROUP", "MOST IN GROUP"}
	return t.tallies(ctx, o, head, func(row func(v any, cells ...any), s *tally) {
		row(s, s.UID, s.Name, s.Keys, s.Entries, s.KeyBytes, s.ValueBytes, s.Largest, s.LargestKey, s.Least, s.Most)
	})
}

func (t *Tool) tallies(ctx context.Context, o *options, head []string, show func(row func(v any, cells ...any), s *tally)) (err error) {
	if err := o.formats("text", "json"); err != nil {
		return err
	}
	sp, err := o.open(ctx, o.args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	f, err := o.filter(sp)
	if err != nil {
		return err
	}
	all := map[string]*tally{}
	for _, d := range sp.Header().States {
		all[nameOf(d.UID, d.Name)] = &tally{UID: d.UID, Name: d.Name, groups: make([]int64, sp.Header().MaxParallelism)}
	}
	byState := map[*state.Descriptor]*tally{}
	for e, err := range t.entries(ctx, sp, f) {
		if err != nil {
			return err
		}
		s := byState[e.State]
		if s == nil {
			s = all[nameOf(e.State.UID, e.State.Name)]
			byState[e.State] = s
		}
		s.add(&e)
	}
	return t.table(o, head, func(row func(v any, cells ...any)) error {
		for _, d := range sp.Header().States {
			if !o.wants(d) {
				continue
			}
			s := all[nameOf(d.UID, d.Name)]
			s.sum()
			show(row, s)
		}
		return nil
	})
}

func (s *tally) add(e *savepoint.Entry) {
	if s.key == nil || e.Group != s.group || !bytes.Equal(s.key, e.Key) {
		s.Keys++
		s.key, s.group = e.Key, e.Group
	}
	if e.State.Kind == state.KindList && len(e.Suffix) == 0 {
		return // the length
	}
	s.Entries++
	s.KeyBytes += int64(len(e.Key) + len(e.Suffix))
	s.ValueBytes += int64(len(e.Value))
	s.groups[e.Group]++
	if len(e.Value) > s.Largest {
		s.Largest, s.LargestKey = len(e.Value), fmt.Sprintf("%q", e.Key)
	}
}

func (s *tally) sum() {
	for i, n := range s.groups {
		if i == 0 || n < s.Least {
			s.Least = n
		}
		s.Most = max(s.Most, n)
	}
}
