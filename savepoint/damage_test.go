package savepoint_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

var counts = state.Descriptor{UID: "count", Name: "sum", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"}

// numbered puts keys from..to, and can go on where it was interrupted.
func numbered(from, to int) savepoint.Bootstrap {
	return func(_ context.Context, w *savepoint.Writer) error {
		s, err := w.State(counts)
		if err != nil {
			return err
		}
		if w.Position() != "" {
			if _, err := fmt.Sscan(w.Position(), &from); err != nil {
				return err
			}
		}
		for i := from; i < to; i++ {
			v, err := state.Int64{}.Append(nil, int64(i))
			if err == nil {
				err = s.Value(fmt.Appendf(nil, "key-%06d", i), v)
			}
			if err == nil {
				err = w.Mark(fmt.Sprint(i + 1))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// total reads all numbers of a savepoint.
func total(url string) (n, sum int64, err error) {
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		return 0, 0, err
	}
	defer sp.Close()
	for kv, err := range savepoint.ReadValues(ctx, sp, "count", "sum", state.String{}, state.Int64{}) {
		if err != nil {
			return n, sum, err
		}
		n++
		sum += kv.Value
	}
	return n, sum, nil
}

// Whatever byte of a savepoint is another, and wherever a file ends, is found: by who reads it, and by Verify, with the file's name.
func TestDamageIsFound(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	url := "file://" + dir + "/sp"
	if _, err := savepoint.New(4).With(numbered(0, 3)).Write(ctx, url, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "sp", "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		try := func(what string, content []byte) {
			t.Helper()
			if err := os.WriteFile(file, content, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, _, err := total(url); err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
				t.Fatalf("%s of %s: got error %v, want one that names the file", what, file, err)
			}
			if sp, err := savepoint.Load(ctx, url); err == nil {
				if err := sp.Verify(ctx, nil); err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
					t.Fatalf("%s of %s: Verify says %v", what, file, err)
				}
				if _, err := sp.Edit().Write(ctx, "file://"+dir+"/copy", savepoint.Options{}); err == nil {
					t.Fatalf("%s of %s: it was copied", what, file)
				}
				sp.Close()
			}
		}
		for i := range whole {
			other := slices.Clone(whole)
			other[i] ^= 1 << (i % 8)
			try(fmt.Sprintf("another byte %d", i), other)
			try(fmt.Sprintf("an end at byte %d", i), whole[:i])
		}
		if err := os.WriteFile(file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n, sum, err := total(url); n != 3 || sum != 3 || err != nil {
		t.Fatal(n, sum, err)
	}
}

// A Write that is interrupted, wherever that is, leaves no savepoint; the next one goes on, and comes to the same.
func TestInterruptedAndResumed(t *testing.T) {
	const keys = 600
	dir := t.TempDir()
	options := func(progress func(savepoint.Progress)) savepoint.Options {
		return savepoint.Options{Memory: 2000, WorkDir: filepath.Join(dir, "work"), Identity: "numbers", Progress: progress}
	}
	steps := 0
	base := "file://" + dir + "/base"
	if _, err := savepoint.New(4).With(numbered(0, keys)).Write(context.Background(), base, options(func(savepoint.Progress) { steps++ })); err != nil {
		t.Fatal(err)
	}
	for stop := 1; stop <= steps; stop += 3 {
		url := fmt.Sprintf("file://%s/sp-%d", dir, stop)
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		resumedAt := ""
		_, err := savepoint.New(4).With(numbered(0, keys)).Write(ctx, url, options(func(savepoint.Progress) {
			if n++; n == stop {
				cancel()
			}
		}))
		cancel()
		if err == nil {
			continue // it was over by then
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, _, err := total(url); !errors.Is(err, store.ErrNotExist) {
			t.Fatalf("step %d: got %v, want no savepoint", stop, err)
		}
		again := func(ctx context.Context, w *savepoint.Writer) error {
			resumedAt = w.Position()
			return numbered(0, keys)(ctx, w)
		}
		if _, err := savepoint.New(4).With(again).Write(context.Background(), url, options(nil)); err != nil {
			t.Fatal(err)
		}
		if resumedAt == "" && stop > 5 && stop < steps-5 {
			t.Errorf("step %d of %d: it began anew", stop, steps)
		}
		if n, sum, err := total(url); n != keys || sum != keys*(keys-1)/2 || err != nil {
			t.Fatal(stop, n, sum, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "work")); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("the work folder is left: %v", err)
		}
	}
}

// A run that was damaged while the work rested is found, and named.
func TestDamagedRunIsFound(t *testing.T) {
	dir := t.TempDir()
	o := savepoint.Options{Memory: 2000, WorkDir: filepath.Join(dir, "work")}
	url := "file://" + dir + "/sp"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o.Progress = func(p savepoint.Progress) {
		if p.Phase == "write" {
			cancel()
		}
	}
	if _, err := savepoint.New(4).With(numbered(0, 300)).Write(ctx, url, o); err == nil {
		t.Fatal("nothing was interrupted")
	}
	runs, err := filepath.Glob(filepath.Join(dir, "work", "run-*"))
	if err != nil || len(runs) == 0 {
		t.Fatal(runs, err)
	}
	b, err := os.ReadFile(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(runs[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	o.Progress = nil
	_, err = savepoint.New(4).With(numbered(0, 300)).Write(context.Background(), url, o)
	if err == nil || !strings.Contains(err.Error(), filepath.Base(runs[0])) {
		t.Fatalf("got %v, want an error that names %s", err, runs[0])
	}
	o.Identity = "something else"
	if _, err = savepoint.New(4).With(numbered(0, 300)).Write(context.Background(), url, o); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Fatalf("got %v, want a refusal", err)
	}
}
