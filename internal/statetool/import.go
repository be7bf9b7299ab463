package statetool

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/savepoint/rows/parquet"
	"github.com/weirstream/weir/state"
)

// importRows lays rows over the states that they name.
func (t *Tool) importRows(ctx context.Context, o *options) error { return t.load(ctx, o, false) }

// bootstrap makes one state anew.
func (t *Tool) bootstrap(ctx context.Context, o *options) error {
	if o.uid == "" || o.name == "" {
		return errors.New("--uid and --name are missing: which state is made?")
	}
	return t.load(ctx, o, true)
}

func (t *Tool) load(ctx context.Context, o *options, anew bool) (err error) {
	in := &input{o: o, known: map[string]state.Descriptor{}, renamed: rows.Row{}}
	if err := in.inspect(); err != nil {
		return err
	}
	sp, e, err := o.edit(ctx)
	if err != nil {
		return err
	}
	if sp != nil {
		defer func() { err = errors.Join(err, sp.Close()) }()
	}
	if err := in.learn(sp); err != nil {
		return err
	}
	if anew && sp != nil {
		without(sp, e, o)
	}
	e.With(in.put)
	identity := in.identity()
	work := o.work
	if work == "" {
		work = filepath.Join(os.TempDir(), "weir-state-"+identity[:16])
		if err := ownFolder(work, os.Getuid()); err != nil {
			return err
		}
		defer func() { _ = os.Remove(work) }() // if nothing has come into it
	}
	if _, err := os.Stat(filepath.Join(work, "progress.json")); err == nil {
		fmt.Fprintf(t.Err, "going on with what is in %s\n", work)
	}
	return t.write(ctx, o, e, savepoint.Options{WorkDir: work, Identity: identity})
}

// without drops what the savepoint has of the state that is made anew, and, with its windows, their timers.
func without(sp *savepoint.Savepoint, e *savepoint.Edit, o *options) {
	if _, err := sp.State(o.uid, o.name); err == nil {
		e.WithoutState(o.uid, o.name)
	}
	if _, err := sp.State(o.uid, "timers"); err == nil && o.windowTimers != "" {
		e.WithoutState(o.uid, "timers")
	}
}

// input is a file of rows.
type input struct {
	o     *options
	path  string
	info  os.FileInfo
	known map[string]state.Descriptor // by uid and name
	added []state.Descriptor          // those that only --schema has

	renamed rows.Row // scratch
}

// inspect looks at the file, and what it is.
func (in *input) inspect() (err error) {
	if in.path, err = filepath.Abs(in.o.args[0]); err != nil {
		return err
	}
	if in.info, err = os.Stat(in.path); err != nil {
		return err
	}
	if !in.info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file: it is read from where an interruption has left off", in.path)
	}
	if in.o.format == "" {
		switch ext := strings.ToLower(filepath.Ext(in.path)); ext {
		case ".csv", ".parquet":
			in.o.format = ext[1:]
		}
	}
	return in.o.formats("json", "csv", "parquet")
}

// identity is that of the input and of what is done with it.
func (in *input) identity() string {
	o := in.o
	b := fmt.Sprint(in.path, in.info.Size(), in.info.ModTime().UnixNano(), o.from, o.to, o.format, o.uid, o.name, o.kind, o.keyCodec, o.mapKeyCodec,
		o.valueCodec, o.maxParallelism, map[string]string(o.columns), o.windowTimers, o.lateness, in.known)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(b)))
}

func nameOf(uid, name string) string { return uid + "\x00" + name }

// learn finds out which states rows can be of.
func (in *input) learn(sp *savepoint.Savepoint) error {
	if sp != nil {
		for _, d := range sp.Header().States {
			in.known[nameOf(d.UID, d.Name)] = d
		}
	}
	if err := in.schemas(); err != nil {
		return fmt.Errorf("--schema=%s: %w", in.o.schema, err)
	}
	if in.o.uid == "" || in.o.name == "" {
		return nil
	}
	d, ok := in.known[nameOf(in.o.uid, in.o.name)]
	if ok {
		return in.o.contradicts(d)
	}
	d, err := in.o.described(sp)
	in.known[nameOf(d.UID, d.Name)] = d
	return err
}

// schemas reads the file of --schema.
func (in *input) schemas() error {
	if in.o.schema == "" {
		return nil
	}
	f, err := os.Open(in.o.schema)
	if err != nil {
		return err
	}
	defer f.Close()
	for dec := json.NewDecoder(bufio.NewReader(f)); ; {
		var s described
		if err := dec.Decode(&s); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if _, ok := in.known[nameOf(s.UID, s.Name)]; !ok {
			if err := checkNew(s.Descriptor); err != nil {
				return err
			}
			in.known[nameOf(s.UID, s.Name)], in.added = s.Descriptor, append(in.added, s.Descriptor)
		}
	}
}

// markEvery is how many rows may come between two places to go on at.
const markEvery = 256

// put writes all rows that earlier work has not written.
func (in *input) put(ctx context.Context, w *savepoint.Writer) (err error) {
	f, err := os.Open(in.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := in.reader(f, w.Position())
	if err != nil {
		return fmt.Errorf("%s: %w", in.path, err)
	}
	encoders, err := in.declare(w)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		if err == nil {
			err = in.row(w, encoders, row)
		}
		if err != nil {
			return fmt.Errorf("%s, %s: %w", in.path, where(r), err)
		}
		if n%markEvery == 0 {
			if err := w.Mark(r.Position()); err != nil {
				return err
			}
		}
	}
}

// declare makes the states that the command names, whether there are rows of them or not: a state without entries is one, too.
func (in *input) declare(w *savepoint.Writer) (map[string]*rows.Encoder, error) {
	for _, d := range in.added {
		if _, err := w.State(d); err != nil {
			return nil, err
		}
	}
	encoders := map[string]*rows.Encoder{}
	if in.o.uid == "" || in.o.name == "" {
		return encoders, nil
	}
	enc, err := in.encoder(w, in.o.uid, in.o.name)
	encoders[nameOf(in.o.uid, in.o.name)] = enc
	return encoders, err
}

// where is the place in the input for people.
func where(r rows.Reader) string {
	if l, ok := r.(interface{ Line() int }); ok {
		return fmt.Sprintf("line %d", l.Line())
	}
	return "before position " + r.Position()
}

func (in *input) reader(f *os.File, position string) (rows.Reader, error) {
	switch in.o.format {
	case "csv":
		return rows.NewCSVReader(f, position)
	case "parquet":
		return parquet.NewReader(f, position)
	}
	return rows.NewJSONReader(f, position)
}

// rename gives cells the names that --column says. All are looked up before one is set: what the input calls a column may be the name of another.
func (in *input) rename(row rows.Row) error {
	for name, column := range in.o.columns {
		cell, ok := row[column]
		if !ok {
			return fmt.Errorf("column %q is missing", column)
		}
		in.renamed[name] = cell
	}
	maps.Copy(row, in.renamed)
	return nil
}

// row writes one row into its state.
func (in *input) row(w *savepoint.Writer, encoders map[string]*rows.Encoder, row rows.Row) error {
	if err := in.rename(row); err != nil {
		return err
	}
	uid, name := in.o.uid, in.o.name
	if c, ok := row[rows.UID]; ok && uid == "" {
		uid = c.String()
	}
	if c, ok := row[rows.Name]; ok && name == "" {
		name = c.String()
	}
	enc := encoders[nameOf(uid, name)]
	if enc == nil {
		var err error
		if enc, err = in.encoder(w, uid, name); err != nil {
			return err
		}
		encoders[nameOf(uid, name)] = enc
	}
	return enc.Put(row)
}

func (in *input) encoder(w *savepoint.Writer, uid, name string) (*rows.Encoder, error) {
	d, ok := in.known[nameOf(uid, name)]
	if !ok {
		return nil, fmt.Errorf("it is of state %q of operator %q, which nothing describes: give --uid and --name, or --schema", name, uid)
	}
	var arm *rows.Arm
	switch {
	case in.o.windowTimers == "" || d.Kind == state.KindTimer:
	case in.o.windowTimers == "event":
		arm = &rows.Arm{Domain: state.EventTime, Lateness: in.o.lateness.Milliseconds()}
	default:
		arm = &rows.Arm{Domain: state.ProcessingTime}
	}
	return encoder(w, d, arm)
}
