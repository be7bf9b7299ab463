package state

// expireValue gives v a TTL, with stamps in a state of their own.
func expireValue[T any](s *Store, v *Value[T], ttl TTL) error {
	d := v.table.desc
	stamps, err := NewValue(s, d.UID, StampName(d.Name), Int64{}, WithKeyCodec(d.KeyCodec))
	if err != nil {
		return err
	}
	v.ttl, v.stamps, v.more = newExpiry(ttl), stamps, true
	s.reg.live(d, stamps.table.desc.ID, ttl)
	s.sweepers = append(s.sweepers, &sweeper{store: s, id: stamps.table.desc.ID, of: v.ttl, remove: func([]byte) error {
		stamp, ok, err := stamps.Get()
		if err != nil || !ok || !v.ttl.dead(stamp) {
			return err
		}
		return v.Clear()
	}})
	return nil
}

// fresh says whether the current key's value, which is there, is alive; one that isn't is cleared.
func (v *Value[T]) fresh() (bool, error) {
	stamp, ok, err := v.stamps.Get()
	switch {
	case err != nil:
		return false, err
	case ok && v.ttl.dead(stamp):
		return false, v.table.store.expired(v.Clear)
	case !ok || v.ttl.OnRead && v.ttl.later(stamp):
		return true, v.stamps.Set(v.ttl.Stamp())
	}
	return true, nil
}

// stamp notes that the value was written.
func (v *Value[T]) stamp() error {
	stamp, ok, err := v.stamps.Get()
	if err != nil || ok && !v.ttl.later(stamp) {
		return err
	}
	return v.stamps.Set(v.ttl.Stamp())
}

// expireMap gives every entry of m a TTL of its own.
func expireMap[K, V any](s *Store, m *Map[K, V], ttl TTL) error {
	d := m.table.desc
	stamps, err := NewMap(s, d.UID, StampName(d.Name), m.keys, Int64{}, WithKeyCodec(d.KeyCodec))
	if err != nil {
		return err
	}
	m.ttl, m.stamps, m.more = newExpiry(ttl), stamps, true
	s.reg.live(d, stamps.table.desc.ID, ttl)
	s.sweepers = append(s.sweepers, &sweeper{store: s, id: stamps.table.desc.ID, of: m.ttl, remove: func(suffix []byte) error {
		k, err := m.keys.Decode(suffix)
		if err != nil {
			return err
		}
		stamp, ok, err := stamps.Get(k)
		if err != nil || !ok || !m.ttl.dead(stamp) {
			return err
		}
		return m.Delete(k)
	}})
	return nil
}

// fresh says whether the entry of k, which is there, is alive; one that isn't is deleted.
func (m *Map[K, V]) fresh(k K) (bool, error) {
	stamp, ok, err := m.stamps.Get(k)
	switch {
	case err != nil:
		return false, err
	case ok && m.ttl.dead(stamp):
		return false, m.table.store.expired(func() error { return m.Delete(k) })
	case !ok || m.ttl.OnRead && m.ttl.later(stamp):
		return true, m.stamps.Put(k, m.ttl.Stamp())
	}
	return true, nil
}

// stamp notes that the entry of k was written.
func (m *Map[K, V]) stamp(k K) error {
	stamp, ok, err := m.stamps.Get(k)
	if err != nil || ok && !m.ttl.later(stamp) {
		return err
	}
	return m.stamps.Put(k, m.ttl.Stamp())
}
