package parquet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/weirstream/weir/savepoint/rows"
)

// reader reads the rows of a file.
type reader struct {
	in      *parquet.GenericReader[any]
	columns []column
	page    []parquet.Row
	at, n   int
	row     int64
	end     bool
}

type column struct {
	name string
	text bool
	json bool
	// unsigned numbers stand in the bits of signed ones.
	unsigned bool
	// divide makes ms of a timestamp, if it is one.
	divide int64
}

// NewReader reads the rows of a Parquet file whose columns are not nested. It goes on at position, if that is not empty.
func NewReader(f *os.File, position string) (rows.Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	r := &reader{in: parquet.NewGenericReader[any](file), page: make([]parquet.Row, batchRows)}
	for _, field := range file.Schema().Fields() {
		c, err := columnOf(field)
		if err != nil {
			return nil, err
		}
		r.columns = append(r.columns, c)
	}
	if position == "" {
		return r, nil
	}
	if r.row, err = strconv.ParseInt(position, 10, 64); err != nil {
		return nil, fmt.Errorf("position %q of Parquet: %w", position, err)
	}
	return r, r.in.SeekToRow(r.row)
}

func columnOf(f parquet.Field) (column, error) {
	c := column{name: f.Name(), divide: 1}
	if !f.Leaf() || f.Repeated() {
		return c, fmt.Errorf("column %q is nested or repeated; expected plain columns", f.Name())
	}
	if f.Type().Kind() == parquet.Int96 {
		return c, fmt.Errorf("column %q is an INT96, a form of timestamps that Parquet has given up; expected a TIMESTAMP, or a number", f.Name())
	}
	logical := f.Type().LogicalType()
	if logical == nil {
		return c, nil
	}
	switch l := logical.Value.(type) {
	case nil, *format.UUIDType:
	case *format.IntType:
		c.unsigned = !l.IsSigned
	case *format.StringType, *format.EnumType:
		c.text = true
	case *format.JsonType:
		c.json = true
	case *format.TimestampType:
		c.divide = max(1, int64(time.Millisecond/l.Unit.Value.Duration()))
	default:
		return c, fmt.Errorf("column %q is a %s; expected numbers, booleans, strings, JSON, bytes or timestamps", f.Name(), f.Type())
	}
	return c, nil
}

func (r *reader) Position() string { return strconv.FormatInt(r.row, 10) }

func (r *reader) Next() (rows.Row, error) {
	for r.at == r.n {
		if r.end {
			return nil, io.EOF
		}
		n, err := r.in.ReadRows(r.page)
		if r.end = errors.Is(err, io.EOF); err != nil && !r.end {
			return nil, err
		}
		r.at, r.n = 0, n
	}
	row := make(rows.Row, len(r.columns))
	for _, v := range r.page[r.at] {
		c := &r.columns[v.Column()]
		if v.IsNull() {
			continue
		}
		cell, err := c.cell(v)
		if err != nil {
			return nil, err
		}
		row[c.name] = cell
	}
	r.at++
	r.row++
	return row, nil
}

func (c *column) cell(v parquet.Value) (rows.Cell, error) {
	switch v.Kind() {
	case parquet.Boolean:
		cell := rows.Cell{Kind: rows.Bool}
		if v.Boolean() {
			cell.Int = 1
		}
		return cell, nil
	case parquet.Int32:
		i := int64(v.Int32())
		if c.unsigned {
			i = int64(v.Uint32())
		}
		return rows.Cell{Kind: rows.Int, Int: i}, nil
	case parquet.Int64:
		if c.unsigned && v.Int64() < 0 {
			return rows.Cell{}, fmt.Errorf("column %q: %d is more than a signed integer of 64 bits can be", c.name, v.Uint64())
		}
		return rows.Cell{Kind: rows.Int, Int: floor(v.Int64(), c.divide)}, nil
	case parquet.Float:
		return rows.Cell{Kind: rows.Float, Float: float64(v.Float())}, nil
	case parquet.Double:
		return rows.Cell{Kind: rows.Float, Float: v.Double()}, nil
	}
	cell := rows.Cell{Kind: rows.Bytes, Bytes: v.ByteArray()}
	if c.text {
		cell.Kind = rows.Text
	} else if c.json {
		cell.Kind = rows.JSON
	}
	return cell, nil
}

// floor divides towards the past, as times are counted.
func floor(i, by int64) int64 {
	n := i / by
	if i%by < 0 {
		n--
	}
	return n
}
