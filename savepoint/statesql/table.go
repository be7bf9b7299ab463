package statesql

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"modernc.org/sqlite/vtab"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// moduleName is what CREATE VIRTUAL TABLE calls the module; its arguments are the number of the source, and which of its states it is.
const moduleName = "weir_state"

type module struct{}

func (m module) Create(ctx vtab.Context, args []string) (vtab.Table, error) {
	return m.Connect(ctx, args)
}

func (module) Connect(ctx vtab.Context, args []string) (vtab.Table, error) {
	if len(args) != 5 {
		return nil, fmt.Errorf("%s wants a source and a state, not %q", moduleName, args)
	}
	handle, err := strconv.Atoi(strings.TrimSpace(args[3]))
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(strings.TrimSpace(args[4]))
	if err != nil {
		return nil, err
	}
	src, err := open.find(handle)
	if err != nil {
		return nil, err
	}
	t := &table{source: src, desc: src.sp.Header().States[index]}
	var columns []string
	for _, c := range rows.NewLayout(t.desc).Columns() {
		columns = append(columns, columnName(c)+" "+typeOf(c.Kind))
	}
	return t, ctx.Declare("CREATE TABLE t (" + strings.Join(columns, ", ") + ")")
}

func typeOf(k rows.Kind) string {
	switch k {
	case rows.Int, rows.Bool:
		return "INTEGER"
	case rows.Float:
		return "REAL"
	case rows.Text, rows.JSON:
		return "TEXT"
	}
	return "BLOB"
}

// table is a state.
type table struct {
	source *source
	desc   state.Descriptor
}

const (
	byScan = iota
	byKey
)

// BestIndex says that one key is found without a scan. SQLite looks again at what comes out.
func (t *table) BestIndex(info *vtab.IndexInfo) error {
	info.EstimatedCost, info.EstimatedRows = 1e7, 1e6
	if t.desc.Kind == state.KindBroadcast || t.desc.KeyCodec != "string" && t.desc.KeyCodec != "int64-be" {
		return nil
	}
	for i := range info.Constraints {
		if c := &info.Constraints[i]; c.Usable && c.Column == 0 && c.Op == vtab.OpEQ {
			c.ArgIndex = 0
			info.IdxNum, info.EstimatedCost, info.EstimatedRows = byKey, 1e5, 10
			return nil
		}
	}
	return nil
}

func (t *table) Open() (vtab.Cursor, error) {
	return &cursor{table: t, layout: rows.NewLayout(t.desc)}, nil
}

func (t *table) Disconnect() error { return nil }
func (t *table) Destroy() error    { return nil }

// cursor is one scan.
type cursor struct {
	table  *table
	layout *rows.Layout
	next   func() (savepoint.Entry, error, bool)
	stop   func()
	cells  []rows.Cell
	row    int64
	eof    bool
}

func (c *cursor) Filter(idxNum int, _ string, vals []vtab.Value) error {
	if err := c.Close(); err != nil {
		return err
	}
	f := savepoint.Filter{UID: c.table.desc.UID, Name: c.table.desc.Name}
	if idxNum == byKey {
		f.Key = c.table.key(vals[0])
	}
	c.row, c.eof = 0, false
	c.next, c.stop = iter.Pull2(c.table.source.sp.Entries(c.table.source.ctx, f))
	return c.Next()
}

// key is what a key is compared with, encoded; nil if no key can be that, or not for sure: then all are looked at.
func (t *table) key(v vtab.Value) []byte {
	cell := rows.Cell{}
	switch v := v.(type) {
	case string:
		cell = rows.Cell{Kind: rows.Bytes, Bytes: []byte(v)}
	case int64:
		cell = rows.Cell{Kind: rows.Int, Int: v}
	}
	key, err := rows.EncodeKey(t.desc, cell)
	if err != nil {
		return nil
	}
	return key
}

func (c *cursor) Next() error {
	for {
		e, err, ok := c.next()
		if c.eof = !ok; !ok || err != nil {
			return err
		}
		cells, isRow, err := c.layout.Cells(&e)
		if err != nil {
			return err
		}
		if isRow {
			c.cells = cells
			c.row++
			return nil
		}
	}
}

//nolint:revive // the interface calls it so
func (c *cursor) Eof() bool { return c.eof }

func (c *cursor) Column(col int) (vtab.Value, error) {
	switch cell := c.cells[col]; cell.Kind {
	case rows.Int, rows.Bool:
		return cell.Int, nil
	case rows.Float:
		return cell.Float, nil
	case rows.Text, rows.JSON:
		return string(cell.Bytes), nil
	case rows.Bytes:
		return cell.Bytes, nil
	}
	return nil, nil
}

func (c *cursor) Rowid() (int64, error) { return c.row, nil }

func (c *cursor) Close() error {
	if c.stop != nil {
		c.stop()
		c.next, c.stop = nil, nil
	}
	return nil
}
