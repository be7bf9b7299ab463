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
	all, err := r.seal()
	return slices.DeleteFunc(all, func(e state.Entry) bool { return e.Delete }), err
}

// seal ends the epoch of all tasks, and returns what has changed in it in the order of keys.
func (r *Runner) seal() (all []state.Entry, err error) {
	for _, s := range r.stores {
		entries, err := s.Seal(1)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortStableFunc(all, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return all, nil
}
