package parquet

import (
	"errors"
	"io"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// writer gathers rows of one state.
type writer struct {
	out     *parquet.GenericWriter[any]
	layout  *rows.Layout
	columns []int // of the file, which sorts them by name, for each of the layout
	rows    []parquet.Row
}

const (
	batchRows = 1024
	groupRows = 1 << 20 // in a row group: what is in memory
)

// NewWriter writes the entries of the state d to w.
func NewWriter(w io.Writer, d state.Descriptor) rows.Writer {
	l := rows.NewLayout(d)
	group := parquet.Group{}
	for _, c := range l.Columns() {
		group[c.Name] = node(c.Kind)
	}
	schema := parquet.NewSchema("state", group)
	p := &writer{layout: l}
	for _, c := range l.Columns() {
		leaf, _ := schema.Lookup(c.Name)
		p.columns = append(p.columns, leaf.ColumnIndex)
	}
	p.out = parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.KeyValueMetadata(rows.UID, d.UID), parquet.KeyValueMetadata(rows.Name, d.Name))
	return p
}

// node is the type of a column. All are optional: a timer may have no namespace.
func node(k rows.Kind) parquet.Node {
	switch k {
	case rows.Int:
		return parquet.Optional(parquet.Int(64))
	case rows.Float:
		return parquet.Optional(parquet.Leaf(parquet.DoubleType))
	case rows.Bool:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case rows.JSON:
		return parquet.Optional(parquet.JSON())
	case rows.Bytes:
		return parquet.Optional(parquet.Leaf(parquet.ByteArrayType))
	}
	return parquet.Optional(parquet.String())
}

func (p *writer) Write(e *savepoint.Entry) error {
	cells, ok, err := p.layout.Cells(e)
	if err != nil || !ok {
		return err
	}
	row := make(parquet.Row, len(cells))
	for i, c := range cells {
		at := p.columns[i]
		if c.Kind == rows.Null {
			row[at] = parquet.NullValue().Level(0, 0, at)
		} else {
			row[at] = value(c, p.layout.Columns()[i].Kind).Level(0, 1, at)
		}
	}
	if p.rows = append(p.rows, row); len(p.rows) < batchRows {
		return nil
	}
	return p.flush()
}

// value is a cell in a column of a kind. Bytes of a cell are the entry's, or are used again.
func value(c rows.Cell, k rows.Kind) parquet.Value {
	switch k {
	case rows.Int:
		return parquet.Int64Value(c.Int)
	case rows.Float:
		if c.Kind != rows.Float {
			return parquet.DoubleValue(math.NaN()) // one with something in it
		}
		return parquet.DoubleValue(c.Float)
	case rows.Bool:
		return parquet.BooleanValue(c.Int != 0)
	case rows.Bytes:
		return parquet.ByteArrayValue(slices.Clone(c.Bytes))
	case rows.JSON:
		return parquet.ByteArrayValue(c.AppendJSON(nil))
	}
	return parquet.ByteArrayValue(c.AppendText(nil))
}

func (p *writer) flush() error {
	_, err := p.out.WriteRows(p.rows)
	clear(p.rows)
	p.rows = p.rows[:0]
	return err
}

func (p *writer) Close() error { return errors.Join(p.flush(), p.out.Close()) }
