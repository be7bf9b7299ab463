package statetool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/savepoint/rows/parquet"
	"github.com/weirstream/weir/state"
)

func (t *Tool) ls(ctx context.Context, o *options) (err error) {
	if err := o.formats("text", "json"); err != nil {
		return err
	}
	sp, err := o.open(ctx, o.args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	return t.table(o, []string{"UID", "NAME", "KIND", "KEY", "MAP KEY", "VALUE"}, func(row func(v any, cells ...any)) error {
		for _, d := range sp.Header().States {
			row(d, d.UID, d.Name, d.Kind, d.KeyCodec, d.MapKeyCodec, d.ValueCodec)
		}
		return nil
	})
}

// table shows rows as text or as JSON lines.
func (t *Tool) table(o *options, head []string, fill func(row func(v any, cells ...any)) error) error {
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	line := func(cells []any) {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, c)
		}
		fmt.Fprintln(w)
	}
	var failed error
	if o.format == "text" {
		all := make([]any, len(head))
		for i := range head {
			all[i] = head[i]
		}
		line(all)
	}
	err := fill(func(v any, cells ...any) {
		if o.format == "text" {
			line(cells)
			return
		}
		b, err := json.Marshal(v)
		failed = errors.Join(failed, err)
		fmt.Fprintf(t.Out, "%s\n", b)
	})
	return errors.Join(err, failed, w.Flush())
}

// described is a state as the command schema shows it, and --schema reads it.
type described struct {
	state.Descriptor
	Columns []column `json:"columns,omitempty"`
	Note    string   `json:"note,omitempty"`
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

var typeNames = map[rows.Kind]string{
	rows.Null: "nothing", rows.Int: "integer", rows.Float: "float", rows.Bool: "boolean", rows.Text: "text", rows.JSON: "json", rows.Bytes: "base64",
}

func (t *Tool) schema(ctx context.Context, o *options) (err error) {
	if err := o.formats("json"); err != nil {
		return err
	}
	sp, err := o.open(ctx, o.args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	for _, d := range sp.Header().States {
		s := described{Descriptor: d}
		for _, c := range rows.NewLayout(d).Columns() {
			s.Columns = append(s.Columns, column{c.Name, typeNames[c.Kind]})
			if !c.Known {
				s.Note = fmt.Sprintf("codec %q is not known: %s is shown in base64", c.Codec, c.Name)
			}
		}
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Out, "%s\n", b)
	}
	return nil
}

func (t *Tool) get(ctx context.Context, o *options) error {
	if !o.given["key"] {
		return errors.New("--key is missing")
	}
	return t.scan(ctx, o)
}

func (t *Tool) scan(ctx context.Context, o *options) (err error) {
	if err := o.formats("json", "csv", "parquet"); err != nil {
		return err
	}
	sp, err := o.open(ctx, o.args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	f, err := o.filter(sp)
	if err != nil {
		return err
	}
	t.note(sp, o)
	only, err := single(sp, o)
	if err != nil {
		return err
	}
	out, err := t.output(o)
	if err != nil {
		return err
	}
	w, err := rowWriter(out, only, o.format)
	if err == nil {
		err = errors.Join(copyRows(t.besides(out.Writer).entries(ctx, sp, f), w, o.limit), w.Close())
	}
	return out.end(err)
}

// copyRows writes so many rows at most; 0: all.
func copyRows(entries iter.Seq2[savepoint.Entry, error], w rows.Writer, limit int64) error {
	n := int64(0)
	var e savepoint.Entry // one for all: what w is given would be allocated for each
	for next, err := range entries {
		if e = next; err != nil {
			return err
		}
		if e.State.Kind == state.KindList && len(e.Suffix) == 0 {
			continue // the length
		}
		if err := w.Write(&e); err != nil {
			return err
		}
		if n++; n == limit {
			break
		}
	}
	return nil
}

// note tells of states that are not shown as what they are.
func (t *Tool) note(sp *savepoint.Savepoint, o *options) {
	for _, d := range sp.Header().States {
		if !o.wants(d) {
			continue
		}
		for _, c := range rows.NewLayout(d).Columns() {
			if !c.Known {
				fmt.Fprintf(t.Err, "state %q of operator %q: codec %q is not known, %s is shown in base64\n", d.Name, d.UID, c.Codec, c.Name)
			}
		}
	}
}

// single is the state that the flags choose, or nil if there are several, which a Parquet file can't have.
func single(sp *savepoint.Savepoint, o *options) (*state.Descriptor, error) {
	states, err := o.chosen(sp.Header().States)
	switch {
	case err != nil:
		return nil, err
	case len(states) == 1:
		return &states[0], nil
	case o.format == "parquet":
		return nil, errors.New("--format=parquet: a file has one state; choose it by --uid and --name")
	}
	return nil, nil
}

func rowWriter(out io.Writer, only *state.Descriptor, format string) (rows.Writer, error) {
	switch format {
	case "json":
		return rows.NewJSONLines(out), nil
	case "parquet":
		return parquet.NewWriter(out, *only), nil
	}
	var columns []string
	if only != nil {
		columns = []string{rows.UID, rows.Name}
		for _, c := range rows.NewLayout(*only).Columns() {
			columns = append(columns, c.Name)
		}
	}
	return rows.NewCSV(out, columns)
}
