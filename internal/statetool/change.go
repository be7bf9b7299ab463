package statetool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// edit opens --from and begins with it, or with nothing.
func (o *options) edit(ctx context.Context) (sp *savepoint.Savepoint, e *savepoint.Edit, err error) {
	if o.to == "" {
		return nil, nil, errors.New("--to is missing: a savepoint is never changed, expected the URL of the new one")
	}
	if o.from == "" {
		return nil, savepoint.New(o.maxParallelism), nil
	}
	if sp, err = savepoint.Unpack(o.packing).Load(ctx, o.from); err != nil {
		return nil, nil, err
	}
	return sp, sp.Edit(), nil
}

// change edits --from, which must be given, and writes --to.
func (t *Tool) change(ctx context.Context, o *options, fn func(sp *savepoint.Savepoint, e *savepoint.Edit) error) (err error) {
	if o.from == "" {
		return errors.New("--from is missing: expected the URL of the savepoint to begin with")
	}
	sp, e, err := o.edit(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	if err := fn(sp, e); err != nil {
		return err
	}
	return t.write(ctx, o, e, savepoint.Options{})
}

func (t *Tool) write(ctx context.Context, o *options, e *savepoint.Edit, w savepoint.Options) error {
	p := &progress{t: t, begun: time.Now()}
	w.Memory, w.Progress, w.Packing = o.memory<<20, p.show, o.packing
	h, err := e.Write(ctx, o.to, w)
	p.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.Err, "%s: %d entries of %d states, %d bytes\n", o.to, h.Entries(), len(h.States), h.Size())
	return nil
}

func (t *Tool) set(ctx context.Context, o *options) error {
	for _, name := range []string{"uid", "name", "value"} {
		if !o.given[name] {
			return fmt.Errorf("--%s is missing", name)
		}
	}
	return t.change(ctx, o, func(sp *savepoint.Savepoint, e *savepoint.Edit) error {
		d, err := o.described(sp)
		if err != nil {
			return err
		}
		if d.Kind == state.KindList || d.Kind == state.KindTimer {
			return fmt.Errorf("state %q of operator %q is of kind %s: import it from a file, such as one that scan has written", d.Name, d.UID, d.Kind)
		}
		row, err := o.place(d)
		if err != nil {
			return err
		}
		row[rows.Value] = textCell(o.value)
		e.With(func(_ context.Context, w *savepoint.Writer) error {
			enc, err := encoder(w, d, nil)
			if err == nil {
				err = enc.Put(row)
			}
			return err
		})
		return nil
	})
}

// place is the row of the entry that --key and --map-key name, without its value. Each is expected where the state has such a thing, and only there.
func (o *options) place(d state.Descriptor) (rows.Row, error) {
	row := rows.Row{}
	for _, c := range []struct {
		flag, column, value string
		has                 bool
	}{
		{"key", rows.Key, o.key, d.Kind != state.KindBroadcast},
		{"map-key", rows.MapKey, o.mapKey, d.Kind == state.KindMap || d.Kind == state.KindBroadcast},
	} {
		switch given := o.given[c.flag]; {
		case given && !c.has:
			return nil, fmt.Errorf("--%s=%q: state %q of operator %q is of kind %s, whose entries have none; leave it out", c.flag, c.value, d.Name, d.UID, d.Kind)
		case !given && c.has:
			return nil, fmt.Errorf("--%s is missing: state %q of operator %q is of kind %s, whose entries have one", c.flag, d.Name, d.UID, d.Kind)
		case given:
			row[c.column] = textCell(c.value)
		}
	}
	return row, nil
}

func textCell(s string) rows.Cell { return rows.Cell{Kind: rows.Text, Bytes: []byte(s)} }

func (t *Tool) delete(ctx context.Context, o *options) error {
	if o.uid == "" {
		return errors.New("--uid is missing")
	}
	if o.given["map-key"] && (o.name == "" || o.given["prefix"]) {
		return errors.New("--map-key is for one entry of one map: it needs --name, and excludes --prefix")
	}
	return t.change(ctx, o, func(sp *savepoint.Savepoint, e *savepoint.Edit) error {
		switch {
		case o.given["map-key"]:
			d, err := sp.State(o.uid, o.name)
			if err != nil {
				return err
			}
			row, err := o.place(d)
			if err != nil {
				return err
			}
			e.With(func(_ context.Context, w *savepoint.Writer) error {
				enc, err := encoder(w, d, nil)
				if err == nil {
					err = enc.Delete(row)
				}
				return err
			})
		case o.given["key"] || o.given["prefix"]:
			f, err := o.filter(sp)
			if err != nil {
				return err
			}
			e.Delete(f)
		case o.name != "":
			e.WithoutState(o.uid, o.name)
		default:
			e.WithoutOperator(o.uid)
		}
		return nil
	})
}

func (t *Tool) renameUID(ctx context.Context, o *options) error {
	return t.change(ctx, o, func(_ *savepoint.Savepoint, e *savepoint.Edit) error {
		e.RenameUID(o.args[0], o.args[1])
		return nil
	})
}

// described is the state that --uid and --name say: the savepoint's, or a new one.
func (o *options) described(sp *savepoint.Savepoint) (d state.Descriptor, err error) {
	if sp != nil {
		if d, err = sp.State(o.uid, o.name); err == nil {
			return d, o.contradicts(d)
		}
	}
	if o.kind == "" && o.valueCodec == "" {
		return d, errors.Join(err, fmt.Errorf("state %q of operator %q would be new: describe it by --kind, --key-codec and --value-codec, as the job declares it", o.name, o.uid))
	}
	d = state.Descriptor{UID: o.uid, Name: o.name, Kind: state.Kind(o.kind), KeyCodec: o.keyCodec, MapKeyCodec: o.mapKeyCodec, ValueCodec: o.valueCodec}
	if o.kind == "" {
		d.Kind = state.KindValue
	}
	if d.Kind == state.KindTimer {
		d.ValueCodec = "none"
	}
	if d.Kind == state.KindBroadcast {
		d.KeyCodec = ""
	}
	return d, checkNew(d)
}

// contradicts compares flags with a state that there is.
func (o *options) contradicts(d state.Descriptor) error {
	for flag, is := range map[string]string{"kind": string(d.Kind), "key-codec": d.KeyCodec, "map-key-codec": d.MapKeyCodec, "value-codec": d.ValueCodec} {
		asked := map[string]string{"kind": o.kind, "key-codec": o.keyCodec, "map-key-codec": o.mapKeyCodec, "value-codec": o.valueCodec}[flag]
		if o.given[flag] && asked != is {
			return fmt.Errorf("--%s=%q: state %q of operator %q has %q", flag, asked, d.Name, d.UID, is)
		}
	}
	return nil
}

// checkNew finds what is wrong with the description of a new state.
func checkNew(d state.Descriptor) error {
	kinds := []state.Kind{state.KindValue, state.KindList, state.KindMap, state.KindReducing, state.KindAggregating, state.KindTimer, state.KindBroadcast}
	known := false
	var all []string
	for _, k := range kinds {
		known = known || k == d.Kind
		all = append(all, string(k))
	}
	mapped := d.Kind == state.KindMap || d.Kind == state.KindBroadcast
	switch {
	case d.UID == "" || d.Name == "":
		return errors.New("--uid and --name are missing: which state is it?")
	case !known:
		return fmt.Errorf("--kind=%q: expected one of %s", d.Kind, strings.Join(all, ", "))
	case d.ValueCodec == "":
		return errors.New("--value-codec is missing, such as int64-be or json: what the job's code says")
	case mapped != (d.MapKeyCodec != ""):
		return fmt.Errorf("--map-key-codec=%q: expected for kinds map and broadcast, and only for them", d.MapKeyCodec)
	}
	return nil
}

// encoder writes rows into a state, and the timers of windows beside it.
func encoder(w *savepoint.Writer, d state.Descriptor, arm *rows.Arm) (*rows.Encoder, error) {
	s, err := w.State(d)
	if err != nil {
		return nil, err
	}
	var timers *savepoint.StateWriter
	if arm != nil {
		timers, err = w.State(state.Descriptor{UID: d.UID, Name: "timers", Kind: state.KindTimer, KeyCodec: d.KeyCodec, ValueCodec: "none"})
		if err != nil {
			return nil, err
		}
	}
	return rows.NewEncoder(s, arm, timers)
}
