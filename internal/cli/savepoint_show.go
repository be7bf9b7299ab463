package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
)

// listed is a savepoint in the JSON of list.
type listed struct {
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	Created time.Time `json:"created,omitzero"`
	Entries uint64    `json:"entries"`
	Bytes   int64     `json:"bytes"`
	Drained bool      `json:"drained,omitempty"`
	Error   string    `json:"error,omitempty"`
}

func (a *app) listSavepoints(ctx context.Context, o savepointArgs) (err error) {
	c, err := a.loaded(o)
	if err != nil {
		return err
	}
	s, err := opener(c, checkpoint.ReadStore, true)(c.CheckpointStore)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	prefix := snapshot.Path(c.JobID, "")
	found, err := snapshot.List(ctx, s, prefix)
	if err != nil {
		return err
	}
	all := make([]listed, 0, len(found))
	for _, f := range found {
		l := listed{Name: f.Path[len(prefix):], URL: snapshot.URL(s, f.Path), Created: f.Header.Created, Entries: f.Header.Entries(), Bytes: f.Header.Size(), Drained: f.Header.Drained}
		if f.Err != nil {
			l.Error = f.Err.Error()
		}
		all = append(all, l)
	}
	if o.json {
		return a.printJSON(all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(a.out, "no savepoints in %s\n", snapshot.URL(s, prefix))
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tCREATED\tENTRIES\tSIZE\tNOTE")
	for _, l := range all {
		note := l.Error
		if l.Drained {
			note = "drained"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", l.Name, when(l.Created), l.Entries, size(l.Bytes), note)
	}
	return w.Flush()
}

// opened opens the savepoint that is meant; end lets go of it.
func (a *app) opened(ctx context.Context, o savepointArgs) (sp *snapshot.Snapshot, end func() error, err error) {
	s, path, err := a.find(o, checkpoint.ReadStore)
	if err != nil {
		return nil, nil, err
	}
	if sp, err = snapshot.Open(ctx, s, path); err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return sp, s.Close, nil
}

func (a *app) inspectSavepoint(ctx context.Context, o savepointArgs) (err error) {
	sp, end, err := a.opened(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	h := sp.Header()
	if o.json {
		return a.printJSON(h)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "savepoint\t%s\nat\t%s\nformat\t%d\nof job\t%s\ncreated\t%s\n", h.Name, sp.URL(), h.Format, cmp.Or(h.Job, "none: made from nothing"), when(h.Created))
	if h.Drained {
		fmt.Fprintf(w, "drained\tall timers and windows have fired\n")
	}
	fmt.Fprintf(w, "key groups\t%d\nentries\t%d\nsize\t%s in %d files\n", h.MaxParallelism, h.Entries(), size(h.Size()), len(h.Files))
	for _, id := range h.Checkpoints {
		fmt.Fprintf(w, "checkpoint\t%s\n", id)
	}
	fmt.Fprintln(w, "\nOPERATOR\tSTATE\tKIND\tKEY\tVALUE\tSCHEMA")
	for _, d := range h.States {
		value := d.ValueCodec
		if d.MapKeyCodec != "" {
			value = d.MapKeyCodec + " → " + value
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", d.UID, d.Name, d.Kind, d.KeyCodec, value, d.Schema)
	}
	fmt.Fprintln(w, "\nSOURCE\tTOPIC\tPARTITION\tNEXT OFFSET\tWATERMARK")
	for _, p := range h.Sources {
		wm := "-"
		if p.Watermark != 0 {
			wm = when(time.UnixMilli(p.Watermark))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", p.Operator, p.Topic, p.Partition, p.Offset, wm)
	}
	return w.Flush()
}

func (a *app) verifySavepoint(ctx context.Context, o savepointArgs) (err error) {
	sp, end, err := a.opened(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	bar := a.bar("verifying")
	err = sp.Verify(ctx, bar.set)
	bar.end()
	if err != nil {
		return err
	}
	h := sp.Header()
	if o.json {
		return a.printJSON(listed{Name: h.Name, URL: sp.URL(), Created: h.Created, Entries: h.Entries(), Bytes: h.Size(), Drained: h.Drained})
	}
	_, err = fmt.Fprintf(a.out, "%s is whole: %d entries, %s in %d files\n", sp.URL(), h.Entries(), size(h.Size()), len(h.Files))
	return err
}

func (a *app) deleteSavepoint(ctx context.Context, o savepointArgs) (err error) {
	s, path, err := a.find(o, checkpoint.OpenStore)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := snapshot.Delete(ctx, s, path); err != nil {
		return err
	}
	if o.json {
		return a.printJSON(map[string]string{"deleted": snapshot.URL(s, path)})
	}
	_, err = fmt.Fprintf(a.out, "deleted %s\n", snapshot.URL(s, path))
	return err
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// size is a number of bytes for people.
func size(n int64) string {
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n)/step, "KMGTPE"
	for f >= step && len(units) > 1 {
		f, units = f/step, units[1:]
	}
	return fmt.Sprintf("%.1f %ciB", f, units[0])
}
