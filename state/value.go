package state

// Value is one value per key.
//
// Set hands the value over: until the epoch is sealed, what is changed through a pointer, slice or map inside it is changed in
// the state, so don't (Bytes is exempt: it copies). Get lends: to change a value in place, get it, change it and Set it before the next
// SetKey; without that Set the change may or may not be kept.
type Value[T any] struct {
	table  *table[T]
	codec  sized[T]
	more   bool // a TTL, or copies: Get has more to do
	copies bool // Get lends them, see LendCopies

	ttl    *expiry // nil: values live for ever
	stamps *Value[int64]
}

// NewValue opens the value called name of the operator uid.
func NewValue[T any](s *Store, uid, name string, c Codec[T], opts ...HandleOption) (*Value[T], error) {
	return newValue(s, Descriptor{UID: uid, Name: name, Kind: KindValue}, c, opts)
}

func newValue[T any](s *Store, d Descriptor, c Codec[T], opts []HandleOption) (*Value[T], error) {
	codec := newSized(c)
	d.ValueCodec, d.Schema = c.Name(), SchemaOf(c)
	o, err := s.register(d, opts)
	if err != nil {
		return nil, err
	}
	v := &Value[T]{table: newTable[T](s, o.Descriptor), codec: codec}
	v.table.decode = v.codec.decode
	v.table.encode = v.encode
	v.table.checks = o.checks
	if o.ttl != nil {
		return v, expireValue(s, v, *o.ttl)
	}
	return v, nil
}

// Get returns the value of the current key; false: there is none.
func (v *Value[T]) Get() (T, bool, error) {
	c, err := v.table.current(look)
	if c == nil {
		var none T
		return none, false, err
	}
	if v.more && c.is(present) {
		return v.lend(c)
	}
	return c.value, c.is(present), nil
}

// lend is the rest of Get for a value that is there.
func (v *Value[T]) lend(c *cell[T]) (none T, ok bool, err error) {
	if v.ttl != nil {
		if alive, err := v.fresh(); err != nil || !alive {
			return none, false, err
		}
		if c, err = v.table.current(change); err != nil { // looking at the stamp may have evicted it
			return none, false, err
		}
	}
	if v.copies && c.is(present) {
		return v.lendCopy(c)
	}
	return c.value, c.is(present), nil
}

// Set gives the current key this value. It is encoded when the epoch is sealed: a value that can't be fails there, unless the state was opened WithChecks.
func (v *Value[T]) Set(value T) error {
	if err := check(v.table, &v.codec, value); err != nil {
		return err
	}
	v.table.store.touched++
	c, err := v.table.current(overwrite)
	if err != nil {
		return err
	}
	c.value = v.codec.own(value)
	size := v.codec.size(value, int(c.size))
	v.table.wrote(c, size, size)
	if v.ttl != nil {
		return v.stamp()
	}
	return nil
}

// Clear leaves the current key without a value.
func (v *Value[T]) Clear() error {
	v.table.store.touched++
	c, err := v.table.current(overwrite)
	if err == nil {
		var none T
		v.table.erase(c, none)
	}
	if err == nil && v.ttl != nil {
		return v.stamps.Clear()
	}
	return err
}

func (v *Value[T]) encode(w *sealer, c *cell[T]) error {
	return sealValue(v.table, w, c, c.value, &v.codec)
}
