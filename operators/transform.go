package operators

// Map pushes fn of every record.
func Map[T, U any](t *Task, uid string, fn func(T) U, next Push[U]) Push[T] {
	op := t.operator(uid)
	return func(v T) error {
		t.op = op
		return next(fn(v))
	}
}

// TryMap is Map with a function that can fail.
func TryMap[T, U any](t *Task, uid string, fn func(T) (U, error), next Push[U]) Push[T] {
	op := t.operator(uid)
	return func(v T) error {
		t.op = op
		u, err := fn(v)
		if err != nil {
			return t.fail(op, err)
		}
		return next(u)
	}
}

// Filter pushes the records for which keep is true.
func Filter[T any](t *Task, uid string, keep func(T) bool, next Push[T]) Push[T] {
	op := t.operator(uid)
	return func(v T) error {
		t.op = op
		if !keep(v) {
			return nil
		}
		return next(v)
	}
}

// FlatMap pushes what fn emits for every record.
func FlatMap[T, U any](t *Task, uid string, fn func(v T, emit func(U)), next Push[U]) Push[T] {
	e := newEmitter(t, uid, next)
	emit := e.emit
	return func(v T) error {
		t.op = e.op
		fn(v, emit)
		return e.result(nil)
	}
}

// TryFlatMap is FlatMap with a function that can fail.
func TryFlatMap[T, U any](t *Task, uid string, fn func(v T, emit func(U)) error, next Push[U]) Push[T] {
	e := newEmitter(t, uid, next)
	emit := e.emit
	return func(v T) error {
		t.op = e.op
		return e.result(fn(v, emit))
	}
}

// emitter lets a function emit without looking at errors: after the first one it drops everything, and result
// reports it.
type emitter[U any] struct {
	t    *Task
	op   int32
	next Push[U]
	err  error
}

func newEmitter[U any](t *Task, uid string, next Push[U]) *emitter[U] {
	return &emitter[U]{t: t, op: t.operator(uid), next: next}
}

func (e *emitter[U]) emit(u U) {
	if e.err != nil {
		return
	}
	e.err = e.next(u)
	e.t.op = e.op // the function goes on
}

// result is what the operator returns after its function returned err. An error from further down came first.
func (e *emitter[U]) result(err error) error {
	if e.err != nil {
		return e.err
	}
	if err != nil {
		return e.t.fail(e.op, err)
	}
	return nil
}
