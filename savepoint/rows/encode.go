package rows

import (
	"fmt"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// Row is a row of some input: cells by the names of columns.
type Row map[string]Cell

// Encoder writes rows into one state.
type Encoder struct {
	to                 *savepoint.StateWriter
	kind               state.Kind
	key, mapKey, value codec
	arm                *Arm
	timers             *savepoint.StateWriter
}

// NewEncoder writes into a state. arm is for windows and sessions (nil: no timers), timers the operator's.
func NewEncoder(to *savepoint.StateWriter, arm *Arm, timers *savepoint.StateWriter) (*Encoder, error) {
	d := to.Descriptor()
	e := &Encoder{to: to, kind: d.Kind, arm: arm, timers: timers}
	e.key, _ = codecOf(d.KeyCodec)
	e.mapKey, _ = codecOf(d.MapKeyCodec)
	e.value, _ = codecOf(d.ValueCodec)
	if arm != nil && !hasWindows(d) && !hasSessions(d) {
		return nil, fmt.Errorf("state %q of operator %q has no windows to set timers for: expected a map whose keys are windows, or the sessions of each key", d.Name, d.UID)
	}
	return e, nil
}

// Put writes one row. Elements of a list go in the order of their rows, whatever their index.
func (e *Encoder) Put(r Row) error {
	var key []byte
	var err error
	if e.kind != state.KindBroadcast {
		if key, err = column(r, Key, e.key); err != nil {
			return err
		}
	}
	if e.kind == state.KindTimer {
		return e.timer(r, key)
	}
	value, err := column(r, Value, e.value)
	if err != nil {
		return err
	}
	switch e.kind {
	case state.KindList:
		return e.to.Element(key, value)
	case state.KindMap, state.KindBroadcast:
		return e.entry(r, key, value)
	}
	if err := e.to.Value(key, value); err != nil || e.arm == nil {
		return err
	}
	return e.arm.sessions(e.timers, key, value)
}

func (e *Encoder) entry(r Row, key, value []byte) error {
	mapKey, err := column(r, MapKey, e.mapKey)
	if err != nil {
		return err
	}
	if e.kind == state.KindBroadcast {
		return e.to.Broadcast(mapKey, value)
	}
	if err := e.to.MapEntry(key, mapKey, value); err != nil || e.arm == nil {
		return err
	}
	return e.arm.windows(e.timers, key, mapKey)
}

func (e *Encoder) timer(r Row, key []byte) error {
	var d state.Domain
	switch domain := string(r[Domain].AppendText(nil)); domain {
	case eventTime, `"event"`:
		d = state.EventTime
	case processingTime, `"processing"`:
	default:
		return fmt.Errorf("column %s is %q: expected %s or %s", Domain, domain, eventTime, processingTime)
	}
	at, err := r[At].timeOf()
	if err != nil {
		return fmt.Errorf("column %s: %w", At, err)
	}
	namespace, err := namespaceOf(r[Namespace])
	if err != nil {
		return fmt.Errorf("column %s: %w", Namespace, err)
	}
	return e.to.Timer(key, d, at, namespace)
}

func namespaceOf(c Cell) ([]byte, error) {
	if c.Kind == Null || c.Kind == Text && len(c.Bytes) == 0 || string(c.Bytes) == "null" {
		return nil, nil
	}
	if b, err := c.bytesOf(); err == nil && (c.Kind != Text || len(c.Bytes) == 0 || c.Bytes[0] != '{') {
		return b, nil
	}
	return window{}.encode(nil, c)
}

// Delete removes what a row stands for: its value is not looked at.
func (e *Encoder) Delete(r Row) error {
	var key, suffix []byte
	var err error
	if e.kind != state.KindBroadcast {
		if key, err = column(r, Key, e.key); err != nil {
			return err
		}
	}
	if _, given := r[MapKey]; given || e.kind == state.KindMap || e.kind == state.KindBroadcast {
		if suffix, err = column(r, MapKey, e.mapKey); err != nil {
			return err
		}
	}
	return e.to.Delete(key, suffix)
}

func column(r Row, name string, c codec) ([]byte, error) {
	cell, ok := r[name]
	if _, none := c.(nothing); !ok && !none {
		return nil, fmt.Errorf("column %q is missing", name)
	}
	b, err := c.encode([]byte{}, cell)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", name, err)
	}
	return b, nil
}

// EncodeKey is a record's key as it stands in a state.
func EncodeKey(d state.Descriptor, key Cell) ([]byte, error) {
	c, _ := codecOf(d.KeyCodec)
	b, err := c.encode([]byte{}, key)
	if err != nil {
		return nil, fmt.Errorf("key of state %q of operator %q, whose codec is %s: %w", d.Name, d.UID, d.KeyCodec, err)
	}
	return b, nil
}
