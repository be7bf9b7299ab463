package state

import "testing"

// noBackend holds nothing.
type noBackend struct{ Backend }

func (noBackend) Scan(_, _ []byte, _ func(key, value []byte) bool) error { return nil }

// The list of what was deleted does not grow with a map that entries pass through, though Range lets go of them without it.
func TestGoneIsBounded(t *testing.T) {
	reg, err := NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(noBackend{}, reg, Options{})
	m, err := NewMap(s, "op", "m", Int64{}, Int64{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(10_000) {
		s.SetKey(0, []byte("k"))
		if err := m.Put(i, i); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := m.Delete(i - 1); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Seal(uint64(i) + 1); err != nil {
			t.Fatal(err)
		}
		s.Applied(uint64(i) + 1)
		if err := m.Range(func(_, _ int64) bool { return true }); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.table.gone); n > 2*m.table.slots+1 {
		t.Errorf("%d on the list, of %d slots", n, m.table.slots)
	}
}
