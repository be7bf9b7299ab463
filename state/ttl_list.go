package state

// expireList gives every element of l a TTL of its own: the stamps are a list beside it, in the same order.
func expireList[T any](s *Store, l *List[T], ttl TTL) error {
	d := l.table.desc
	stamps, err := NewList(s, d.UID, StampName(d.Name), Int64{}, WithKeyCodec(d.KeyCodec))
	if err != nil {
		return err
	}
	l.ttl, l.stamps = newExpiry(ttl), stamps
	s.reg.live(d, stamps.table.desc.ID, ttl)
	s.sweepers = append(s.sweepers, &sweeper{store: s, id: stamps.table.desc.ID, of: l.ttl, list: true, remove: func([]byte) error {
		_, err := l.alive(false)
		return err
	}})
	return nil
}

// alive is the current key's list without what has expired. A list is written anew when half of it has, so that a long one from whose
// beginning elements expire one by one is not copied for each; or at once if nobody reads it but the sweeper.
func (l *List[T]) alive(read bool) ([]T, error) {
	if err := l.align(); err != nil {
		return nil, err
	}
	items, err := l.all()
	if err != nil {
		return nil, err
	}
	stamps, err := l.stamps.all()
	if err != nil {
		return nil, err
	}
	kept, used, prolonged := l.sift(items, stamps, read && l.ttl.OnRead)
	gone := len(items) - len(kept)
	if gone > 0 && (!read || prolonged || 2*gone >= len(items)) {
		if len(kept) == 0 {
			return nil, l.Clear()
		}
		if err := l.replace(kept); err != nil {
			return nil, err
		}
		prolonged = true
	}
	if prolonged {
		err = l.stamps.replace(used)
	}
	return kept, err
}

// sift leaves out what has expired, and prolongs the life of the rest if asked to.
func (l *List[T]) sift(items []T, stamps []int64, prolong bool) (kept []T, used []int64, prolonged bool) {
	for i, stamp := range stamps {
		dead, later := l.ttl.dead(stamp), prolong && l.ttl.later(stamp)
		if used == nil && !dead && !later {
			continue // nothing differs so far
		}
		if used == nil {
			kept, used = append(make([]T, 0, len(items)), items[:i]...), append(make([]int64, 0, len(items)), stamps[:i]...)
		}
		if dead {
			continue
		}
		if later {
			stamp, prolonged = l.ttl.Stamp(), true
		}
		kept, used = append(kept, items[i]), append(used, stamp)
	}
	if used == nil {
		return items, stamps, false
	}
	return kept, used, prolonged
}

// stampNext notes that an element is about to be added.
func (l *List[T]) stampNext() error {
	if err := l.align(); err != nil {
		return err
	}
	return l.stamps.Add(l.ttl.Stamp())
}

// stampAll notes that the list is about to be replaced by n elements.
func (l *List[T]) stampAll(n int) error {
	stamps := make([]int64, n)
	for i := range stamps {
		stamps[i] = l.ttl.Stamp()
	}
	return l.stamps.replace(stamps)
}

// align gives a stamp to elements that have none, because they are older than the TTL. There are too many stamps if the list
// had no TTL for a while under a version of Weir that did not retire them: they say nothing then.
func (l *List[T]) align() error {
	want, err := l.length()
	if err != nil {
		return err
	}
	have, err := l.stamps.length()
	if err != nil || have == want {
		return err
	}
	if have > want {
		if err := l.stamps.Clear(); err != nil {
			return err
		}
		have = 0
	}
	for ; have < want; have++ {
		if err := l.stamps.Add(l.ttl.Stamp()); err != nil {
			return err
		}
	}
	return nil
}

func (l *List[T]) length() (uint64, error) {
	c, err := l.table.current(change)
	if err != nil {
		return 0, err
	}
	return c.value.count(), nil
}
