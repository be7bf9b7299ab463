package filestore

import (
	"errors"
	"syscall"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// directBytes is how large a piece must be to go past the page cache.
	directBytes = 256 << 10
	// directAlign is what place in memory and length of a piece must be multiples of: no disk in use has larger blocks.
	directAlign = 4 << 10
)

// direct writes past the page cache (open(2), O_DIRECT) what comes in large, aligned pieces from the beginning of a file, as a store.Feed hands them on: it is written once and
// read much later, if ever, so there it would only take the place of what a job reads all the time; and copying it there costs more than the disk does. From the first
// other piece on, or where it can't be done, all goes the usual way.
type direct struct {
	vfs.File
	mode   directMode
	bypass func(fd uintptr, on bool) error // sets O_DIRECT; another one in tests
}

type directMode uint8

const (
	directUntried directMode = iota
	directOn
	directOff // for the rest of the file
)

// Write implements io.Writer.
func (f *direct) Write(p []byte) (n int, err error) {
	if err := f.choose(p); err != nil {
		return 0, err
	}
	n, err = f.File.Write(p)
	if f.mode != directOn || !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EOPNOTSUPP) {
		return n, err
	}
	// The file system takes the flag but not the piece.
	if err := f.leave(); err != nil {
		return n, err
	}
	m, err := f.File.Write(p[n:])
	return n + m, err
}

// choose says how p is to be written.
func (f *direct) choose(p []byte) error {
	fits := len(p) >= directBytes && len(p)%directAlign == 0 && uintptr(unsafe.Pointer(unsafe.SliceData(p)))%directAlign == 0
	switch {
	case f.mode == directOn && !fits:
		return f.leave()
	case f.mode == directUntried && fits && f.Fd() != vfs.InvalidFd && f.bypass(f.Fd(), true) == nil:
		f.mode = directOn
	case f.mode == directUntried:
		f.mode = directOff
	}
	return nil
}

func (f *direct) leave() error {
	f.mode = directOff
	return f.bypass(f.Fd(), false)
}
