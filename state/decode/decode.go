package decode

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/weirstream/weir/state"
)

// Entry is an entry of a state as JSON. Which fields it has depends on the state's kind.
type Entry struct {
	// Key is the record's key; absent for a broadcast state. Without a recorded codec it is taken for a string.
	Key    json.RawMessage `json:"key,omitempty"`
	MapKey json.RawMessage `json:"mapKey,omitempty"` // of a map or broadcast state
	Index  *uint64         `json:"index,omitempty"`  // of a list's element
	// Time is when a timer is due, in ms since the epoch, and Domain in which time.
	Time   *int64 `json:"time,omitempty"`
	Domain string `json:"domain,omitempty"`
	// Namespace is what tells timers of one time apart: of a window operator, the window. In base64.
	Namespace []byte          `json:"namespace,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"` // none for a timer
	// Count is the number of elements of a list, which has an entry of its own.
	Count *uint64 `json:"count,omitempty"`
}

// Decoder shows the entries of one state.
type Decoder struct {
	of                 state.Descriptor
	key, mapKey, value appendJSON
}

// New makes a decoder of the state that d describes.
func New(d state.Descriptor) *Decoder {
	key := d.KeyCodec
	if key == "" {
		key = "string"
	}
	return &Decoder{of: d, key: codec(key), mapKey: codec(d.MapKeyCodec), value: codec(d.ValueCodec)}
}

// Entry shows an entry: its key as package state's SplitKey takes it apart, and its value. The result shares nothing with them.
func (d *Decoder) Entry(key, suffix, value []byte) (Entry, error) {
	e, err := d.entry(key, suffix, value)
	if err != nil {
		return Entry{}, fmt.Errorf("state %q of operator %q, key %.40q: %w", d.of.Name, d.of.UID, key, err)
	}
	return e, nil
}

func (d *Decoder) entry(key, suffix, value []byte) (e Entry, err error) {
	if d.of.Kind != state.KindBroadcast {
		if e.Key, err = d.key(nil, key); err != nil {
			return e, fmt.Errorf("key: %w", err)
		}
	}
	switch d.of.Kind {
	case state.KindTimer:
		return e, timer(&e, suffix)
	case state.KindList:
		if len(suffix) == 0 {
			n, used := binary.Uvarint(value)
			if used <= 0 || used != len(value) {
				return e, fmt.Errorf("%.40q is no number of elements", value)
			}
			e.Count = &n
			return e, nil
		}
		if len(suffix) != 8 {
			return e, fmt.Errorf("%.40q is no index of an element", suffix)
		}
		index := binary.BigEndian.Uint64(suffix)
		e.Index = &index
	case state.KindMap, state.KindBroadcast:
		if e.MapKey, err = d.mapKey(nil, suffix); err != nil {
			return e, fmt.Errorf("map key: %w", err)
		}
	default:
		if len(suffix) > 0 {
			return e, fmt.Errorf("a %s with something behind its key: %.40q", d.of.Kind, suffix)
		}
	}
	e.Value, err = d.value(nil, value)
	return e, err
}

var domains = [...]string{"processing", "event"}

func timer(e *Entry, suffix []byte) error {
	const head = 9
	if len(suffix) < head || int(suffix[0]) >= len(domains) {
		return fmt.Errorf("%.40q is no time of a timer", suffix)
	}
	at := sortable(suffix[1:])
	e.Time, e.Domain = &at, domains[suffix[0]]
	e.Namespace = append([]byte(nil), suffix[head:]...)
	return nil
}

// errNoText: only the job's code can make the key's bytes.
var errNoText = errors.New("its codec is not known here; give the encoded key in base64 instead")

// ParseKey encodes a record's key from how people write it: a string as it is, a number, true or false, JSON, bytes in base64.
func ParseKey(d state.Descriptor, text string) ([]byte, error) {
	b, err := parse(d.KeyCodec, text)
	if err != nil {
		return nil, fmt.Errorf("key %q of state %q of operator %q (%s): %w", text, d.Name, d.UID, d.KeyCodec, err)
	}
	return b, nil
}

func parse(codec, text string) ([]byte, error) {
	switch codec {
	case "", "string":
		return []byte(text), nil
	case "bytes":
		return base64.StdEncoding.DecodeString(text)
	case "int64-be":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("it is no whole number of 64 bits")
		}
		return state.Int64{}.Append(nil, n)
	case "float64-be":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errors.New("it is no number")
		}
		return state.Float64{}.Append(nil, f)
	case "bool":
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, errors.New("it is neither true nor false")
		}
		return state.Bool{}.Append(nil, v)
	case "json":
		if !json.Valid([]byte(text)) {
			return nil, errors.New("it is no JSON")
		}
		return []byte(text), nil
	}
	return nil, errNoText
}
