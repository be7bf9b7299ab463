package state

// Reducing is one value per key, into which others are folded. Who owns what is as with Value; reduce may change its first argument and
// return it.
type Reducing[T any] struct {
	value  *Value[T]
	reduce func(acc, in T) T
}

// NewReducing opens the reducing state called name of the operator uid.
func NewReducing[T any](s *Store, uid, name string, c Codec[T], reduce func(acc, in T) T, opts ...HandleOption) (*Reducing[T], error) {
	v, err := newValue(s, Descriptor{UID: uid, Name: name, Kind: KindReducing}, c, opts)
	if err != nil {
		return nil, err
	}
	return &Reducing[T]{value: v, reduce: reduce}, nil
}

// Add folds in into the current key's value and returns what comes out; the first one is taken as it is.
func (r *Reducing[T]) Add(in T) (T, error) {
	r.value.table.store.touched++ // also if reduce panics
	acc, ok, err := r.value.Get()
	if err != nil {
		return acc, err
	}
	if ok {
		in = r.reduce(acc, in)
	}
	return in, r.value.Set(in)
}

// Get returns the current key's value; false: nothing was added yet.
func (r *Reducing[T]) Get() (T, bool, error) { return r.value.Get() }

// Clear leaves the current key without a value.
func (r *Reducing[T]) Clear() error { return r.value.Clear() }
