package state

import (
	"fmt"
	"reflect"
	"time"
)

// LendCopies lets Get lend copies, made by the codec, so that whoever changes one in place can still leave the state as it was. Values without pointers,
// slices or maps inside are copies anyway and cost nothing more.
func (v *Value[T]) LendCopies() {
	v.copies = refers(reflect.TypeFor[T]())
	v.more = v.more || v.copies
}

// LendCopies does the same for the values of a map.
func (m *Map[K, V]) LendCopies() {
	m.copies = refers(reflect.TypeFor[V]())
	m.more = m.more || m.copies
}

func (v *Value[T]) lendCopy(c *cell[T]) (T, bool, error) {
	value, err := v.codec.copied(c.value)
	if err != nil {
		return value, false, v.table.fail(v.table.entryKey(c), err)
	}
	return value, true, nil
}

func (m *Map[K, V]) lendCopy(c *mapCell[V]) (V, bool, error) {
	value, err := m.codec.copied(c.value.value)
	if err != nil {
		return value, false, m.table.fail(m.table.entryKey(c), err)
	}
	return value, true, nil
}

// copied shares no memory with v.
func (s *sized[T]) copied(v T) (T, error) {
	if s.clone != nil {
		return s.clone(v), nil
	}
	b, err := s.Append(s.scratch[:0], v)
	if err == nil {
		s.scratch = b
		v, err = s.Decode(b)
	}
	if err != nil {
		return v, fmt.Errorf("to copy it: codec %s: %w", s.Name(), err)
	}
	return v, nil
}

// refers says whether what a value of the type holds can be changed through a copy of it.
func refers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return refers(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return false // nothing changes a place
		}
		for i := range t.NumField() {
			if refers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return true
	}
	return false
}
