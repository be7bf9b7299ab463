package state

import "fmt"

// WithChecks encodes what is written at once, too: a value that can't be encoded is then refused by Set, Put or Add, which leaves the state as it was, and not
// at the end of the epoch, when nobody knows any more which record it came from. It costs one more encoding for each write.
func WithChecks() HandleOption { return func(o *opening) { o.checks = true } }

// check says why what is about to be written can't be, if it is to be checked.
func check[T, V any](t *table[T], codec *sized[V], values ...V) error {
	s := t.store
	if !t.checks && !s.opts.CheckWrites {
		return nil
	}
	for _, v := range values {
		b, err := codec.Append(s.trial[:0], v)
		if err != nil {
			return failure(t.desc, s.key, fmt.Errorf("codec %s: %w", codec.Name(), err))
		}
		s.trial = b
	}
	return nil
}

// Sealing names the state and the key that the last Seal has panicked on, in a codec.
func (s *Store) Sealing() string {
	if s.sealing == nil {
		return "no state"
	}
	return s.sealing.unsealed()
}

func (t *table[T]) unsealed() string {
	for _, c := range t.dirty {
		if c != nil {
			return spot(t.desc, t.entryKey(c))
		}
	}
	return spot(t.desc, nil)
}

func (b *Broadcast[K, V]) unsealed() string {
	for _, i := range b.dirty {
		if i.dirty {
			return fmt.Sprintf("%s, entry %s", spot(b.desc, nil), excerpt([]byte(i.id)))
		}
	}
	return spot(b.desc, nil)
}

func (t *Timers) unsealed() string { return spot(t.desc, nil) }
