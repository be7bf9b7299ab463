package snapshot

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/store"
)

// ErrExist is wrapped by the error of Create and Commit for a path that has a savepoint.
var ErrExist = errors.New("there is a savepoint already; savepoints are never changed: choose another name, or delete that one")

// Writer writes one savepoint. Its methods may be called side by side; Commit and Abort come last.
type Writer struct {
	store  store.Store
	path   string
	token  string // of this creation
	ctx    context.Context
	cancel context.CancelFunc
	closes bool // the store, at the end

	mu     sync.Mutex
	header Header
	parts  map[int]*Part
	files  []string // every one that was begun
	put    []byte   // the header's file, once it may be there
	done   bool     // committed, or aborted
}

// Create begins a savepoint at path, such as "wordcount/savepoint/before-upgrade". It refuses a path that has one. ctx is for all of the
// writing. Format and files of h are set by the Writer, and Name and Created if they are missing.
func Create(ctx context.Context, s store.Store, path string, h Header) (*Writer, error) {
	w, err := create(ctx, s, path, h)
	if err != nil {
		return nil, fmt.Errorf("create savepoint %s: %w", URL(s, path), err)
	}
	return w, nil
}

// CreateURL is Create at any URL; see Locate.
func CreateURL(ctx context.Context, url string, h Header) (*Writer, error) {
	return CreateIn(ctx, url, checkpoint.OpenStore, h)
}

// CreateIn is CreateURL in a store that open opens: one that packs what it gets (checkpoint.Pack), say.
func CreateIn(ctx context.Context, url string, open func(url string) (store.Store, error), h Header) (*Writer, error) {
	s, path, err := openURL(url, open)
	if err != nil {
		return nil, fmt.Errorf("create savepoint %s: %w", checkpoint.RedactURL(url), err)
	}
	w, err := Create(ctx, s, path, h)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	w.closes = true
	return w, nil
}

func create(ctx context.Context, s store.Store, at string, h Header) (*Writer, error) {
	w := &Writer{store: s, path: at, token: newToken(), header: h, parts: map[int]*Part{}}
	if err := store.CheckName(w.file(dataName(w.token, 0, 0))); err != nil {
		return nil, err
	}
	if err := w.refuseExisting(ctx); err != nil {
		return nil, err
	}
	w.header.Format, w.header.Files = Format, nil
	if w.header.Name == "" {
		w.header.Name = path.Base(at)
	}
	if w.header.Created.IsZero() {
		w.header.Created = time.Now().UTC().Truncate(time.Millisecond)
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w, nil
}

func newToken() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails (documented by crypto/rand)
	return hex.EncodeToString(b[:])
}

func (w *Writer) file(name string) string { return w.path + "/" + name }

func (w *Writer) refuseExisting(ctx context.Context) error {
	rc, err := w.store.Get(ctx, w.file(headerFile))
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(ErrExist, rc.Close())
	}
	return err
}

// Part is the n-th part, from 0; each can be had once. Parts are written side by side, and all keys of a part must be below those of the next.
func (w *Writer) Part(n int) *Part {
	p := &Part{w: w, n: n}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, taken := w.parts[n]; taken || n < 0 {
		p.err = fmt.Errorf("part %d of savepoint %s can't be had, or not twice", n, URL(w.store, w.path))
		return p
	}
	w.parts[n] = p
	return p
}

// begun notes a file before it can exist, for Abort.
func (w *Writer) begun(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = append(w.files, name)
}

// SetHeader changes the header before Commit: what is known only by then.
func (w *Writer) SetHeader(change func(*Header)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.header)
}

// Commit makes the savepoint exist, when all its parts are closed, and returns its header. After an error it is to be aborted.
func (w *Writer) Commit(ctx context.Context) (Header, error) {
	h, err := w.commit(ctx)
	if err != nil {
		return Header{}, fmt.Errorf("savepoint %s: %w", URL(w.store, w.path), err)
	}
	return h, w.closeStore()
}

func (w *Writer) commit(ctx context.Context) (Header, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	files, err := w.collect()
	if err != nil {
		return Header{}, err
	}
	w.header.Format, w.header.Files = Format, files
	if err := w.header.check(); err != nil {
		return Header{}, err
	}
	body, err := encodeHeader(w.header)
	if err != nil {
		return Header{}, err
	}
	if err := w.refuseExisting(ctx); err != nil {
		return Header{}, err
	}
	w.put = body
	if err := put(ctx, w.store, w.file(headerFile), body); err != nil {
		return Header{}, err
	}
	w.done = true
	w.cancel()
	return w.header, nil
}

// Abort gives the savepoint up and removes what was written of it. After a Commit without error it does nothing.
func (w *Writer) Abort(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return nil
	}
	w.done = true
	w.cancel()
	for _, p := range w.parts {
		p.giveUp()
	}
	err := w.removeHeader(ctx)
	if err == nil && len(w.files) > 0 {
		err = w.store.Delete(ctx, w.files...)
	}
	if err = errors.Join(err, w.closeStore()); err != nil {
		return fmt.Errorf("give up savepoint %s: %w; what is left of it can be deleted by its name", URL(w.store, w.path), err)
	}
	return nil
}

// removeHeader removes the header if a failed Commit left it there, but not somebody else's.
func (w *Writer) removeHeader(ctx context.Context) error {
	if w.put == nil {
		return nil
	}
	found, err := get(ctx, w.store, w.file(headerFile))
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	if err != nil || !bytes.Equal(found, w.put) {
		return err
	}
	return w.store.Delete(ctx, w.file(headerFile))
}

func (w *Writer) closeStore() error {
	if !w.closes {
		return nil
	}
	w.closes = false
	return w.store.Close()
}
