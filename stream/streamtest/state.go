package streamtest

import (
	"bytes"
	"slices"

	"github.com/weirstream/weir/state"
)

// State seals what all tasks have in their states, timers included, and returns it in the order of keys, without deletions. It is all that there is if it is called
// once and the backend was empty.
func (r *Runner) State() ([]state.Entry, error) {
	if err := r.settle(); err != nil {
		return nil, err
	}
	var all []state.Entry
	for _, s := range r.stores {
		entries, err := s.Seal(1)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	all = slices.DeleteFunc(all, func(e state.Entry) bool { return e.Delete })
	slices.SortFunc(all, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return all, nil
}
