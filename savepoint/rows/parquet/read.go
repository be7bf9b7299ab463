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
	logical := f.Type().LogicalType()
	if logical == nil {
		return c, nil
	}
	switch l := logical.Value.(type) {
	case nil, *format.IntType, *format.UUIDType:
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
		if c := r.columns[v.Column()]; !v.IsNull() {
			row[c.name] = c.cell(v)
		}
	}
	r.at++
	r.row++
	return row, nil
}

func (c *column) cell(v parquet.Value) rows.Cell {
	switch v.Kind() {
	case parquet.Boolean:
		cell := rows.Cell{Kind: rows.Bool}
		if v.Boolean() {
			cell.Int = 1
		}
		return cell
	case parquet.Int32:
		return rows.Cell{Kind: rows.Int, Int: int64(v.Int32())}
	case parquet.Int64:
		return rows.Cell{Kind: rows.Int, Int: v.Int64() / c.divide}
	case parquet.Float:
		return rows.Cell{Kind: rows.Float, Float: float64(v.Float())}
	case parquet.Double:
		return rows.Cell{Kind: rows.Float, Float: v.Double()}
	}
	cell := rows.Cell{Kind: rows.Bytes, Bytes: v.ByteArray()}
	if c.text {
		cell.Kind = rows.Text
	} else if c.json {
		cell.Kind = rows.JSON
	}
	return cell
}
