package state

// sized is a codec that also says about what decoded values take up in memory beside themselves. Only the codecs of this package
// know; for others twice the encoded length is taken, learned whenever something is encoded or decoded.
type sized[T any] struct {
	Codec[T]
	footprint func(T) int // nil: learn
	clone     func(T) T   // nil: Set takes the value as it is
	usual     int
	scratch   []byte // of copied
}

func newSized[T any](c Codec[T]) sized[T] {
	s := sized[T]{Codec: c, usual: 64}
	if f, ok := c.(interface{ footprint(T) int }); ok {
		s.footprint = f.footprint
	}
	if f, ok := c.(interface{ clone(T) T }); ok {
		s.clone = f.clone
	}
	return s
}

// own is the value as the overlay may keep it.
func (s *sized[T]) own(v T) T {
	if s.clone != nil {
		return s.clone(v)
	}
	return v
}

// size of a value that replaces one of the size before, 0 for none.
func (s *sized[T]) size(v T, before int) int {
	switch {
	case s.footprint != nil:
		return s.footprint(v)
	case before > 0:
		return before
	}
	return s.usual
}

// learn takes note of an encoded length and returns the size that follows from it.
func (s *sized[T]) learn(size, encoded int) int {
	if s.footprint != nil {
		return size
	}
	size = 2 * max(encoded, 0)
	s.usual += (size - s.usual) / 8
	return size
}

func (s *sized[T]) decode(b []byte) (T, int, error) {
	v, err := s.Decode(b)
	if s.footprint != nil {
		return v, s.footprint(v), err
	}
	return v, s.learn(0, len(b)), err
}

// SchemaOf asks a codec for the description of its values, if it has one.
func SchemaOf(codec any) string {
	if d, ok := codec.(interface{ Schema() string }); ok {
		return d.Schema()
	}
	return ""
}
