package pebble

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weirstream/weir/state"
)

// Snapshot implements state.Backend. While it is open, Pebble keeps what it shows, so don't keep it for long.
func (b *Backend) Snapshot() (state.Snapshot, error) {
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	s := &snapshot{backend: b, from: b.db.NewSnapshot()}
	value, closer, err := s.from.Get(markerKey)
	switch {
	case err == nil:
		s.marker = string(value)
		err = closer.Close()
	case errors.Is(err, pebble.ErrNotFound):
		err = nil
	}
	if err != nil {
		return nil, b.fail("snapshot state", errors.Join(err, s.from.Close()))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.snapshots[s] = struct{}{}
	return s, nil
}

type snapshot struct {
	backend *Backend
	from    *pebble.Snapshot
	marker  string
	users   int // guarded by backend.mu
}

func (s *snapshot) Marker() string { return s.marker }

func (s *snapshot) Scan(lower, upper []byte, fn func(key, value []byte) bool) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.backend.fail("scan snapshot", scan(s.from, lower, upper, fn))
}

// enter and leave are the backend's, and hold up a Close of the snapshot as well.
func (s *snapshot) enter() error {
	b := s.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.snapshots[s]; b.closed || !open {
		return state.ErrClosed
	}
	b.users++
	s.users++
	return nil
}

func (s *snapshot) leave() {
	b := s.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	s.users--
	b.users--
	b.idle.Broadcast()
}

// Close is safe to call twice, and after the backend's.
func (s *snapshot) Close() error {
	b := s.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.snapshots[s]; b.closed || !open {
		return nil
	}
	delete(b.snapshots, s)
	for s.users > 0 {
		b.idle.Wait()
	}
	return s.from.Close()
}
