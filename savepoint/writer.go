package savepoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/state"
)

// Writer takes what is laid over a savepoint: values, entries of maps, lists, timers. Order does not matter, and of two that set the same the later one
// counts. What it is given goes to disk, sorted, whenever Options.Memory is full. It belongs to one goroutine.
type Writer struct {
	ctx    context.Context
	edit   *Edit
	reg    *state.Registry
	sorter *entrysort.Sorter
	groups int
	work   *work
	seq    uint64 // of the next element of a list
	put    int64
	key    []byte
	value  []byte
}

// what stands before the value of an entry in a run.
const (
	opDelete = iota
	opPut
)

// State declares a state, or finds it: kind and codecs must then be the same. Its ID is given out here.
func (w *Writer) State(d state.Descriptor) (*StateWriter, error) {
	if d.UID == "" || d.Name == "" {
		return nil, fmt.Errorf("state %q of operator %q: uid and name must not be empty", d.Name, d.UID)
	}
	id, err := w.reg.Register(d)
	if err != nil {
		return nil, err
	}
	d.ID = id
	s := &StateWriter{w: w, desc: d}
	for _, known := range w.reg.Descriptors() {
		if known.IsStampsOf(d) {
			s.stamps = known.ID
		}
	}
	return s, nil
}

// StateWriter writes one state, by encoded keys and values. A method for another kind than the state's is refused.
type StateWriter struct {
	w      *Writer
	desc   state.Descriptor
	stamps uint16 // of its TTL; 0: it has none
}

// Descriptor says what is written.
func (s *StateWriter) Descriptor() state.Descriptor { return s.desc }

// Value sets the value of a key, in a value, reducing or aggregating state.
func (s *StateWriter) Value(key, value []byte) error {
	if !slices.Contains(oneValue, s.desc.Kind) {
		return s.wrong("a value")
	}
	return s.set(key, nil, opPut, value)
}

// MapEntry sets an entry of a key's map.
func (s *StateWriter) MapEntry(key, mapKey, value []byte) error {
	if s.desc.Kind != state.KindMap {
		return s.wrong("an entry of a map")
	}
	return s.set(key, mapKey, opPut, value)
}

// Element appends to a key's new list: with its first element the list that the savepoint has for the key is gone. All elements of a key must
// fit into memory together.
func (s *StateWriter) Element(key, value []byte) error {
	if s.desc.Kind != state.KindList {
		return s.wrong("an element of a list")
	}
	if err := s.unstamp(key, nil); err != nil {
		return err
	}
	s.w.seq++
	return s.write(s.group(key), s.desc.ID, key, binary.BigEndian.AppendUint64(nil, s.w.seq), opPut, value)
}

// Timer sets a timer.
func (s *StateWriter) Timer(key []byte, d state.Domain, at int64, namespace []byte) error {
	if s.desc.Kind != state.KindTimer {
		return s.wrong("a timer")
	}
	return s.set(key, AppendTimer(nil, d, at, namespace), opPut, nil)
}

// Broadcast sets an entry of a broadcast state, which each key group gets a copy of.
func (s *StateWriter) Broadcast(mapKey, value []byte) error {
	if s.desc.Kind != state.KindBroadcast {
		return s.wrong("an entry of a broadcast state")
	}
	return s.everywhere(mapKey, opPut, value)
}

// Delete removes a value, a key's list, or, by its suffix as Entry has it, an entry of a map or a timer.
func (s *StateWriter) Delete(key, suffix []byte) error {
	if s.desc.Kind == state.KindBroadcast {
		return s.everywhere(suffix, opDelete, nil)
	}
	if s.desc.Kind == state.KindList { // of what was added before, too
		return errors.Join(s.unstamp(key, nil), s.write(s.group(key), s.desc.ID, key, nil, opDelete, binary.BigEndian.AppendUint64(nil, s.w.seq)))
	}
	return s.set(key, suffix, opDelete, nil)
}

func (s *StateWriter) everywhere(mapKey []byte, op byte, value []byte) error {
	for g := range s.w.groups {
		if err := s.write(uint16(g), s.desc.ID, nil, mapKey, op, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *StateWriter) set(key, suffix []byte, op byte, value []byte) error {
	if err := s.unstamp(key, suffix); err != nil {
		return err
	}
	return s.write(s.group(key), s.desc.ID, key, suffix, op, value)
}

// unstamp forgets when the old value was last used: the new one's life begins when the job first meets it.
func (s *StateWriter) unstamp(key, suffix []byte) error {
	if s.stamps == 0 {
		return nil
	}
	return s.write(s.group(key), s.stamps, key, suffix, opDelete, make([]byte, 8))
}

func (s *StateWriter) group(key []byte) uint16 { return state.KeyGroup(key, s.w.groups) }

func (s *StateWriter) write(group, id uint16, key, suffix []byte, op byte, value []byte) error {
	w := s.w
	w.put++
	w.key = append(state.AppendKey(w.key[:0], group, id, key), suffix...)
	w.value = append(append(w.value[:0], op), value...)
	return w.sorter.Add(w.key, w.value)
}

func (s *StateWriter) wrong(what string) error {
	return fmt.Errorf("state %q of operator %q is of kind %s: it can't be given %s", s.desc.Name, s.desc.UID, s.desc.Kind, what)
}

// Position is where to go on: what Mark was given last by the work that this resumes. Empty: at the beginning.
func (w *Writer) Position() string { return w.work.note.Position }

// Mark says that everything before position was put. Work that is interrupted can be resumed there, if Options.WorkDir is set. It is cheap unless
// memory is full, and then shows the progress.
func (w *Writer) Mark(position string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if position == "" {
		return errors.New("mark: the position is empty, which is the beginning")
	}
	full := w.sorter.Held() > w.edit.opts.Memory*3/4
	if !full && w.sorter.Files().Number == w.work.note.Number {
		return nil
	}
	return w.save(position)
}

// save makes everything so far durable, and notes that; without a position, that the Bootstrap has come to its end.
func (w *Writer) save(position string) error {
	if err := w.sorter.Spill(); err != nil {
		return err
	}
	note := note{Step: w.work.note.Step, Position: position, Files: w.sorter.Files(), Seq: w.seq, Put: w.put, States: w.reg.Descriptors()}
	if position == "" {
		note.Step++ // it has come to its end
	}
	if err := w.work.save(note); err != nil {
		return err
	}
	w.edit.progress("sort", w.put, 0)
	return w.sorter.RemoveMerged()
}
