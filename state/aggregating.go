package state

// Aggregation says how an Aggregating state folds in what is added: Add may change the accumulator that it gets and return it, Result must
// leave it alone.
type Aggregation[T, A, R any] struct {
	New    func() A
	Add    func(acc A, in T) A
	Result func(acc A) R
}

// Aggregating is one accumulator per key, into which values of another type are folded and of which a third makes the result: a sum and a
// number that give an average. Who owns the accumulator is as with Value.
type Aggregating[T, A, R any] struct {
	value *Value[A]
	fold  Aggregation[T, A, R]
}

// NewAggregating opens the aggregating state called name of the operator uid. The codec is that of the accumulator.
func NewAggregating[T, A, R any](s *Store, uid, name string, c Codec[A], fold Aggregation[T, A, R], opts ...HandleOption) (*Aggregating[T, A, R], error) {
	v, err := newValue(s, Descriptor{UID: uid, Name: name, Kind: KindAggregating}, c, opts)
	if err != nil {
		return nil, err
	}
	return &Aggregating[T, A, R]{value: v, fold: fold}, nil
}

// Add folds in into the current key's accumulator, a new one if it has none.
func (a *Aggregating[T, A, R]) Add(in T) error {
	a.value.table.store.touched++ // also if the function panics, which may have changed the accumulator by then
	acc, ok, err := a.value.Get()
	if err != nil {
		return err
	}
	if !ok {
		acc = a.fold.New()
	}
	return a.value.Set(a.fold.Add(acc, in))
}

// Get returns what the current key's accumulator comes to; false: nothing was added yet.
func (a *Aggregating[T, A, R]) Get() (result R, ok bool, err error) {
	acc, ok, err := a.value.Get()
	if err != nil || !ok {
		return result, false, err
	}
	return a.fold.Result(acc), true, nil
}

// Clear leaves the current key without an accumulator.
func (a *Aggregating[T, A, R]) Clear() error { return a.value.Clear() }
