package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/state"
)

// TestScripts runs the scripts under testdata/script: several runs of one job on one store. Ids are short there: r1-5.
//
//	run r1                                   a new process start
//	prepare r1-5 [parent=r1-4] [base=r1]     entries below, sorted: a=1, or -a to delete; base: the last one that run wrote
//	write-base r1 at=r1-5                    the state at that checkpoint
//	fold r1 at=r1-5
//	plan r1-5 [marker=r1-3]                  and restore r1-5 [marker=r1-3]: the backend's state afterwards
//	stats r1-5
//	observe r1, collect r1 decided=r1-5 [retain=1]
//	mark r1 id=r1-5, latest
//	ls, damage <file> at=<byte>, cut <file> at=<byte>, remove <file>, copy <file> to=<file>
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/script", func(t *testing.T, path string) {
		w := &world{store: memstore.Open(""), runs: map[string]*worldRun{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := w.do(d)
			if err != nil && d.Cmd == "restore" {
				out += "error: " + err.Error() + "\n" // how far it got matters
			} else if err != nil {
				out = "error: " + err.Error() + "\n"
			}
			return shorten(out)
		})
	})
}

var zeros = regexp.MustCompile(`-0{3,}(\d+)`)

func shorten(s string) string { return zeros.ReplaceAllString(s, "-$1") }

// long is the full form of a short id, wherever it stands in a file name.
func long(short string) string {
	return regexp.MustCompile(`\b(r\d)-(\d+)\b`).ReplaceAllStringFunc(short, func(s string) string {
		run, epoch, _ := strings.Cut(s, "-")
		return fmt.Sprintf("%s-%012s", run, epoch)
	})
}

type world struct {
	store *memstore.Store
	runs  map[string]*worldRun
}

type worldRun struct {
	repo      *checkpoint.Repository
	collector *checkpoint.Collector
	base      checkpoint.BaseRef
}

func (w *world) reader() *checkpoint.Repository {
	r, _ := checkpoint.NewRepository(w.store, "job", "", checkpoint.Options{})
	return r
}

func (w *world) do(d *datadriven.TestData) (string, error) {
	ctx := context.Background()
	arg := ""
	if len(d.CmdArgs) > 0 {
		arg = d.CmdArgs[0].Key
	}
	if arg == "none" {
		arg = ""
	}
	opt := func(key string) string {
		for _, a := range d.CmdArgs[min(1, len(d.CmdArgs)):] {
			if a.Key == key {
				return long(a.Vals[0])
			}
		}
		return ""
	}
	var err error
	switch run := w.runs[arg]; d.Cmd {
	case "run":
		repo, err := checkpoint.NewRepository(w.store, "job", arg, checkpoint.Options{InlineLimit: 60, BaseFileSize: 116})
		w.runs[arg] = &worldRun{repo: repo, collector: checkpoint.NewCollector(repo)}
		return "", err
	case "prepare":
		return w.prepare(ctx, checkpoint.ID(long(arg)), checkpoint.ID(opt("parent")), opt("base"), d.Input)
	case "write-base":
		full, err := w.stateAt(ctx, checkpoint.ID(opt("at")))
		if err == nil {
			run.base, err = run.repo.WriteBase(ctx, checkpoint.ID(opt("at")), scanOf(full))
		}
		return fmt.Sprintln(run.base.At, len(run.base.Files), "files"), err
	case "fold":
		run.base, err = run.repo.Fold(ctx, checkpoint.ID(opt("at")))
		return fmt.Sprintln(run.base.At, len(run.base.Files), "files,", len(run.base.Changes), "of changes"), err
	case "plan", "restore":
		p, err := w.reader().Plan(ctx, checkpoint.ID(long(arg)), checkpoint.ID(opt("marker")))
		if err != nil || d.Cmd == "plan" {
			return fmt.Sprintln(p), err
		}
		return w.restore(ctx, p)
	case "stats":
		s, err := w.reader().BaseStats(ctx, checkpoint.ID(long(arg)))
		return fmt.Sprintf("%+v\n", s), err
	case "observe":
		return "", run.collector.Observe(ctx)
	case "collect":
		retain := 1
		_, _ = fmt.Sscan(opt("retain"), &retain) // absent: 1
		p, err := run.collector.Collect(ctx, checkpoint.ID(opt("decided")), retain)
		return fmt.Sprintln(p), err
	case "mark":
		return "", run.repo.MarkCommitted(ctx, checkpoint.ID(opt("id")))
	case "latest":
		id, ok, err := w.reader().Latest(ctx)
		return fmt.Sprintln(id, ok), err
	}
	return w.files(ctx, d.Cmd, "job/"+long(arg), opt)
}

// files changes or lists files behind everybody's back.
func (w *world) files(ctx context.Context, cmd, file string, opt func(string) string) (string, error) {
	if cmd == "ls" {
		infos, err := w.store.List(ctx, "")
		var b strings.Builder
		for _, info := range infos {
			fmt.Fprintln(&b, strings.TrimPrefix(info.Name, "job/"))
		}
		return b.String(), err
	}
	data, err := storetest.Get(w.store, file)
	if err != nil {
		return "", err
	}
	data = slices.Clone(data)
	at := 0
	_, _ = fmt.Sscan(opt("at"), &at)
	switch cmd {
	case "damage":
		data[at] ^= 1
	case "cut":
		data = data[:at]
	case "remove":
		return "", w.store.Delete(ctx, file)
	case "copy":
		file = "job/" + opt("to")
	default:
		return "", errors.New("unknown command")
	}
	return "", storetest.Put(w.store, file, data)
}

func (w *world) prepare(ctx context.Context, id, parent checkpoint.ID, base, input string) (string, error) {
	var entries []state.Entry
	for line := range strings.SplitSeq(input, "\n") {
		if key, ok := strings.CutPrefix(line, "-"); ok {
			entries = append(entries, del(key))
		} else if key, value, ok := strings.Cut(line, "="); ok {
			entries = append(entries, put(key, value))
		}
	}
	m := checkpoint.Manifest{ID: id, Parent: parent, Created: time.Unix(0, 0).UTC()} // the same bytes each time
	if base != "" {
		m.Base = w.runs[base].base
	}
	m, err := w.runs[id.Run()].repo.Prepare(ctx, m, entries)
	return fmt.Sprintln(m.Delta), err
}

func (w *world) stateAt(ctx context.Context, id checkpoint.ID) (*backend, error) {
	b := newBackend()
	p, err := w.reader().Plan(ctx, id, "")
	if err != nil {
		return b, err
	}
	return b, w.reader().Restore(ctx, p, b)
}

// restore begins with a backend at the plan's marker.
func (w *world) restore(ctx context.Context, p checkpoint.Plan) (string, error) {
	b := newBackend()
	if !p.Full {
		var err error
		if b, err = w.stateAt(ctx, p.Marker); err != nil {
			return "", err
		}
	}
	if err := w.reader().Restore(ctx, p, b); err != nil {
		return fmt.Sprintf("at %q\n", b.marker), err
	}
	out := "at " + b.marker + ":"
	for _, k := range slices.Sorted(maps.Keys(b.data)) {
		out += " " + k + "=" + b.data[k]
	}
	return out + "\n", nil
}
