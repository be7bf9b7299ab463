package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/weirstream/weir/checkpoint/store"
)

// ErrInjected is wrapped by every error that an Injector makes.
var ErrInjected = errors.New("injected failure")

// Mode says how an operation fails.
type Mode uint8

// The modes.
const (
	// Before: it has no effect.
	Before Mode = iota
	// Halfway: the writer or reader fails in the middle; half of the names are deleted, half of a listing is lost.
	Halfway
	// After: it has its whole effect, and fails all the same.
	After
)

// Modes are all modes.
var Modes = []Mode{Before, Halfway, After}

// String names the mode.
func (m Mode) String() string { return [...]string{"before", "halfway", "after"}[m] }

// Injector is a store that fails at a chosen operation.
type Injector struct {
	store.Store
	mu    sync.Mutex
	n     int
	at    int
	mode  Mode
	crash bool
	fired bool
	trace []string
}

// NewInjector fails the at-th operation (from 0; negative: none) on s. If crash is set, all later ones fail too, without effect,
// as for a process that is gone.
func NewInjector(s store.Store, at int, mode Mode, crash bool) *Injector {
	return &Injector{Store: s, at: at, mode: mode, crash: crash}
}

// Fired reports whether the chosen operation was reached.
func (i *Injector) Fired() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fired
}

// Trace lists the operations so far.
func (i *Injector) Trace() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.trace...)
}

// op says whether this operation is to fail, and how.
func (i *Injector) op(what string) (fail bool, mode Mode, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := i.n
	i.n++
	i.trace = append(i.trace, what)
	err = fmt.Errorf("%w: operation %d (%s), %s", ErrInjected, n, what, i.mode)
	switch {
	case n == i.at:
		i.fired = true
		return true, i.mode, err
	case i.fired && i.crash:
		return true, Before, err
	}
	return false, 0, nil
}

// Put implements store.Store.
func (i *Injector) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	fail, mode, err := i.op("put " + name)
	if !fail {
		return i.Store.Put(ctx, name, write)
	}
	switch mode {
	case Halfway:
		return i.Store.Put(ctx, name, func(w io.Writer) error { return write(&failingWriter{w, err}) })
	case After:
		if perr := i.Store.Put(ctx, name, write); perr != nil {
			return perr
		}
	}
	return err
}

// Get implements store.Store.
func (i *Injector) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	fail, mode, err := i.op("get " + name)
	if fail && mode == Before {
		return nil, err
	}
	rc, gerr := i.Store.Get(ctx, name)
	if !fail || gerr != nil {
		return rc, gerr
	}
	left := 0
	if mode == Halfway {
		left = 40
	}
	return &failingReader{rc, left, err}, nil
}

// List implements store.Store.
func (i *Injector) List(ctx context.Context, prefix string) ([]store.Info, error) {
	if fail, _, err := i.op("list " + prefix); fail {
		return nil, err
	}
	return i.Store.List(ctx, prefix)
}

// Delete implements store.Store.
func (i *Injector) Delete(ctx context.Context, names ...string) error {
	fail, mode, err := i.op(fmt.Sprintf("delete %d", len(names)))
	if !fail {
		return i.Store.Delete(ctx, names...)
	}
	n := map[Mode]int{Before: 0, Halfway: (len(names) + 1) / 2, After: len(names)}[mode]
	if derr := i.Store.Delete(ctx, names[:n]...); derr != nil {
		return derr
	}
	return err
}

// failingWriter passes half of the first write on.
type failingWriter struct {
	w   io.Writer
	err error
}

func (f *failingWriter) Write(p []byte) (int, error) {
	n, err := f.w.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	return n, f.err
}

type failingReader struct {
	io.ReadCloser
	left int
	err  error
}

func (f *failingReader) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	n, err := f.ReadCloser.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}
