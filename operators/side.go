package operators

// Side is an output of an operator beside its main one.
type Side[T any] struct {
	t    *Task
	next Push[T]
}

// NewSide makes a side output that pushes to next; nil: nobody reads it.
func NewSide[T any](t *Task, next Push[T]) *Side[T] { return &Side[T]{t: t, next: next} }

// read says whether anybody gets what is emitted.
func (s *Side[T]) read() bool { return s != nil && s.next != nil }

// Emit sends v on, under the key and timestamp of the record at work. After an error further down, which ends the
// epoch, it does nothing.
func (s *Side[T]) Emit(v T) {
	if s.next == nil || s.t.broken != nil {
		return
	}
	op := s.t.op
	s.t.broken = s.next(v)
	s.t.op = op // the function goes on
}

// Split pushes what fn emits for every record, and fn may have side outputs.
func Split[T, U any](t *Task, uid string, fn func(v T, emit func(U)) error, next Push[U]) Push[T] {
	push := TryFlatMap(t, uid, fn, next)
	return func(v T) error {
		err := push(v)
		if t.broken != nil {
			return t.broken // came first
		}
		return err
	}
}
