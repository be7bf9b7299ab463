package rows

import (
	"encoding/binary"
	"fmt"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// The names of columns, as they are in JSON and in the first line of CSV.
const (
	UID       = "uid"
	Name      = "name"
	Key       = "key"
	MapKey    = "mapKey"
	Index     = "index"
	Domain    = "domain"
	At        = "at"
	Namespace = "namespace"
	Value     = "value"
)

// Column is a column of a state's rows.
type Column struct {
	Name string
	// Kind is that of its cells. One that can't be shown so is Bytes, or Null.
	Kind Kind
	// Codec is what the bytes are written by. If it is not Known they are shown as they are.
	Codec string
	Known bool
}

// Layout shows the entries of one state as rows: a row for each value, entry of a map, element of a list, timer. It belongs to one
// goroutine.
type Layout struct {
	desc    state.Descriptor
	columns []Column
	codecs  []codec // nil: it is a number
	head    []byte
	scratch [][]byte
	cells   []Cell
}

// NewLayout is the layout of a state.
func NewLayout(d state.Descriptor) *Layout {
	l := &Layout{desc: d}
	if d.Kind != state.KindBroadcast {
		l.add(Key, d.KeyCodec)
	}
	switch d.Kind {
	case state.KindMap, state.KindBroadcast:
		l.add(MapKey, d.MapKeyCodec)
	case state.KindList:
		l.columns, l.codecs = append(l.columns, Column{Name: Index, Kind: Int, Known: true}), append(l.codecs, nil)
	case state.KindTimer:
		l.columns = append(l.columns, Column{Name: Domain, Kind: Text, Known: true}, Column{Name: At, Kind: Int, Known: true}, Column{Name: Namespace, Kind: JSON, Known: true})
		l.codecs = append(l.codecs, nil, nil, nil)
	}
	if d.Kind != state.KindTimer {
		l.add(Value, d.ValueCodec)
	}
	l.head = appendString([]byte(`{"uid":`), []byte(d.UID))
	l.head = appendString(append(l.head, `,"name":`...), []byte(d.Name))
	l.scratch = make([][]byte, len(l.columns))
	return l
}

func (l *Layout) add(name, codecName string) {
	c, known := codecOf(codecName)
	l.columns = append(l.columns, Column{Name: name, Kind: c.kind(), Codec: codecName, Known: known})
	l.codecs = append(l.codecs, c)
}

// Columns are the columns of the state, without uid and name.
func (l *Layout) Columns() []Column { return l.columns }

// Cells are the cells of an entry, one for each column; ok is false if it is no row: the length of a list. They are valid until the next call, or as long as the entry.
func (l *Layout) Cells(e *savepoint.Entry) (cells []Cell, ok bool, err error) {
	if l.desc.Kind == state.KindList && len(e.Suffix) == 0 {
		return nil, false, nil
	}
	l.cells = l.cells[:0]
	for i := range l.columns {
		c, err := l.cell(i, e)
		if err != nil {
			return nil, false, fmt.Errorf("state %q of operator %q, key %s, %s: %w", l.desc.Name, l.desc.UID, excerpt(e.Key), l.columns[i].Name, err)
		}
		l.cells = append(l.cells, c)
	}
	return l.cells, true, nil
}

func (l *Layout) cell(i int, e *savepoint.Entry) (c Cell, err error) {
	of := e.Value
	switch l.columns[i].Name {
	case Key:
		of = e.Key
	case MapKey:
		of = e.Suffix
	case Index:
		if len(e.Suffix) != 8 {
			return c, fmt.Errorf("%x is no index", e.Suffix)
		}
		return Cell{Kind: Int, Int: int64(binary.BigEndian.Uint64(e.Suffix))}, nil
	case Domain, At, Namespace:
		return l.timer(l.columns[i].Name, e.Suffix, i)
	}
	if c, err = l.codecs[i].decode(l.scratch[i][:0], of); c.Kind == JSON && l.columns[i].Codec != "json" {
		l.scratch[i] = c.Bytes // it may have grown
	}
	return c, err
}

// timer shows a part of a timer. Namespaces of windows are windows, and others bytes.
func (l *Layout) timer(column string, suffix []byte, i int) (Cell, error) {
	d, at, namespace, err := savepoint.SplitTimer(suffix)
	switch {
	case err != nil:
		return Cell{}, err
	case column == Domain && d == state.EventTime:
		return Cell{Kind: Text, Bytes: []byte(eventTime)}, nil
	case column == Domain:
		return Cell{Kind: Text, Bytes: []byte(processingTime)}, nil
	case column == At:
		return Cell{Kind: Int, Int: at}, nil
	case len(namespace) == 0:
		return Cell{}, nil
	case len(namespace) == windowBytes:
		c, err := window{}.decode(l.scratch[i][:0], namespace)
		l.scratch[i] = c.Bytes
		return c, err
	}
	return Cell{Kind: Bytes, Bytes: namespace}, nil
}

const (
	eventTime      = "event"
	processingTime = "processing"
	windowBytes    = 16
)

// AppendJSON appends an entry as a JSON object, without a newline; nothing, if it is no row.
func (l *Layout) AppendJSON(dst []byte, e *savepoint.Entry) ([]byte, error) {
	cells, ok, err := l.Cells(e)
	if err != nil || !ok {
		return dst, err
	}
	dst = append(dst, l.head...)
	for i, c := range cells {
		if c.Kind == Null && l.columns[i].Name == Namespace {
			continue
		}
		dst = append(append(append(dst, `,"`...), l.columns[i].Name...), `":`...)
		dst = c.AppendJSON(dst)
	}
	return append(dst, '}'), nil
}

// Layouts keeps the layouts of all states that entries come of.
type Layouts map[*state.Descriptor]*Layout

// Of is the layout of an entry's state.
func (m Layouts) Of(e *savepoint.Entry) *Layout {
	l, ok := m[e.State]
	if !ok {
		l = NewLayout(*e.State)
		m[e.State] = l
	}
	return l
}
