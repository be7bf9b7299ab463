package statetool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
	out, closeOut, err := t.output(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOut()) }()
	w, err := rowWriter(out, sp, o)
	if err != nil {
		return err
	}
	n := int64(0)
	var e savepoint.Entry // one for all: what w is given would be allocated for each
	for next, err := range sp.Entries(ctx, f) {
		if e = next; err != nil {
			return errors.Join(err, w.Close())
		}
		if e.State.Kind == state.KindList && len(e.Suffix) == 0 {
			continue // the length
		}
		if err := w.Write(&e); err != nil {
			return errors.Join(err, w.Close())
		}
		if n++; n == o.limit {
			break
		}
	}
	return w.Close()
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

// output is the file of --output, or the standard output.
func (t *Tool) output(o *options) (io.Writer, func() error, error) {
	if o.output == "" {
		return t.Out, func() error { return nil }, nil
	}
	f, err := os.Create(o.output)
	if err != nil {
		return nil, nil, fmt.Errorf("--output: %w", err)
	}
	return f, f.Close, nil
}

func rowWriter(out io.Writer, sp *savepoint.Savepoint, o *options) (rows.Writer, error) {
	if o.format == "json" {
		return rows.NewJSONLines(out), nil
	}
	var one *state.Descriptor
	for _, d := range sp.Header().States {
		if o.wants(d) {
			if one != nil {
				one = nil
				break
			}
			one = &d
		}
	}
	if o.format == "parquet" {
		if one == nil {
			return nil, errors.New("--format=parquet: a file has one state; choose it by --uid and --name")
		}
		return parquet.NewWriter(out, *one), nil
	}
	var columns []string
	if one != nil {
		columns = []string{rows.UID, rows.Name}
		for _, c := range rows.NewLayout(*one).Columns() {
			columns = append(columns, c.Name)
		}
	}
	return rows.NewCSV(out, columns)
}
