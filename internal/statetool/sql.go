package statetool

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/savepoint/statesql"
)

// sql runs a query; without one it shows which tables there are.
func (t *Tool) sql(ctx context.Context, o *options) (err error) {
	if err := o.formats("text", "json", "csv"); err != nil {
		return err
	}
	query := "SELECT * FROM states"
	if len(o.args) > 1 {
		query = o.args[1]
	}
	sp, err := o.open(ctx, o.args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	db, err := statesql.Open(ctx, sp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := db.QueryContext(ctx, query)
	if err != nil {
		return explain(err)
	}
	defer found.Close()
	return t.results(o, found)
}

// explain says of SQLite's words for it that other databases are refused.
func explain(err error) error {
	if strings.Contains(err.Error(), "too many attached databases") {
		return fmt.Errorf("a query reads the states of the savepoint, and neither reads nor makes other files (ATTACH, VACUUM INTO): %w", err)
	}
	return err
}

func (t *Tool) results(o *options, found *sql.Rows) error {
	columns, err := found.Columns()
	if err != nil {
		return err
	}
	p := t.printer(o.format, columns)
	values, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		to[i] = &values[i]
	}
	for found.Next() {
		if err := found.Scan(to...); err != nil {
			return err
		}
		if err := p.row(values); err != nil {
			return err
		}
	}
	return errors.Join(found.Err(), p.end())
}

// printer prints the results of a query.
type printer struct {
	row func(values []any) error
	end func() error
}

func (t *Tool) printer(format string, columns []string) printer {
	switch format {
	case "json":
		return printer{row: func(values []any) error {
			line := []byte("{")
			for i, v := range values {
				if i > 0 {
					line = append(line, ',')
				}
				line = rows.Cell{Kind: rows.Text, Bytes: []byte(columns[i])}.AppendJSON(line)
				line = cellOf(v).AppendJSON(append(line, ':'))
			}
			_, err := t.Out.Write(append(line, '}', '\n'))
			return err
		}, end: func() error { return nil }}
	case "csv":
		w := csv.NewWriter(t.Out)
		first := w.Write(columns)
		return printer{row: func(values []any) error { return w.Write(texts(values)) }, end: func() error {
			w.Flush()
			return errors.Join(first, w.Error())
		}}
	}
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	return printer{row: func(values []any) error {
		_, err := fmt.Fprintln(w, strings.Join(texts(values), "\t"))
		return err
	}, end: w.Flush}
}

func texts(values []any) (all []string) {
	for _, v := range values {
		all = append(all, string(cellOf(v).AppendText(nil)))
	}
	return all
}

func cellOf(v any) rows.Cell {
	switch v := v.(type) {
	case int64:
		return rows.Cell{Kind: rows.Int, Int: v}
	case float64:
		return rows.Cell{Kind: rows.Float, Float: v}
	case string:
		return rows.Cell{Kind: rows.Text, Bytes: []byte(v)}
	case []byte:
		return rows.Cell{Kind: rows.Bytes, Bytes: v}
	}
	return rows.Cell{}
}
