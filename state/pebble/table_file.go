package pebble

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// pieceBytes is how much of a table is written at a time.
const pieceBytes = 512 << 10

// tableFile writes a table in large pieces on a goroutine of its own: Pebble hands on its blocks one by one, and waits for each. It implements
// objstorage.Writable, and belongs to one goroutine.
type tableFile struct {
	f      vfs.File
	piece  []byte
	full   chan []byte
	free   chan []byte
	failed chan error // how the writing ended
}

func newTableFile(f vfs.File) *tableFile {
	const pieces = 3 // one is filled, one waits, one is written
	t := &tableFile{f: f, full: make(chan []byte, 1), free: make(chan []byte, pieces), failed: make(chan error, 1)}
	t.piece = make([]byte, 0, pieceBytes)
	for range pieces - 1 {
		t.free <- make([]byte, 0, pieceBytes)
	}
	go t.run()
	return t
}

// run writes until there is no more; after a failure it takes what comes, so that nobody waits.
func (t *tableFile) run() {
	var failed error
	for piece := range t.full {
		if failed == nil {
			_, failed = t.f.Write(piece)
		}
		t.free <- piece[:0]
	}
	t.failed <- failed
}

// Write takes a copy. Errors come from Finish.
func (t *tableFile) Write(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), cap(t.piece)-len(t.piece))
		t.piece, p = append(t.piece, p[:n]...), p[n:]
		if len(t.piece) == cap(t.piece) {
			t.full <- t.piece
			t.piece = <-t.free
		}
	}
	return nil
}

// Finish makes what was written durable.
func (t *tableFile) Finish() error {
	t.full <- t.piece
	err := t.ended()
	if err == nil {
		err = t.f.Sync()
	}
	return errors.Join(err, t.f.Close())
}

// Abort gives the file up.
func (t *tableFile) Abort() {
	_ = t.ended()
	_ = t.f.Close()
}

func (t *tableFile) ended() error {
	close(t.full)
	return <-t.failed
}
