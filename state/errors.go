package state

import "errors"

var (
	// ErrNoKey is returned by handles before the first SetKey.
	ErrNoKey = errors.New("keyed state is used outside of a record: no key is set")

	// ErrClosed is returned by a Backend, or a Snapshot of it, that is closed.
	ErrClosed = errors.New("state backend is closed")
)
