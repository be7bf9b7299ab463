package filestore

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fussy is a file that takes what it does not like only when its flag is off, and in part.
type fussy struct {
	vfs.File
	written bytes.Buffer
	on      bool
	trace   []string
	refuses func(p []byte) bool
}

func (f *fussy) Fd() uintptr { return 7 }

func (f *fussy) Write(p []byte) (int, error) {
	if f.on && f.refuses(p) {
		f.trace = append(f.trace, "refused")
		f.written.Write(p[:directAlign])
		return directAlign, &errWrite{syscall.EINVAL}
	}
	f.trace = append(f.trace, map[bool]string{true: "direct", false: "usual"}[f.on])
	return f.written.Write(p)
}

type errWrite struct{ error }

func (e *errWrite) Unwrap() error { return e.error }

// aligned is n bytes that begin at a place that can be written from directly, or one behind.
func aligned(n, behind int) []byte {
	b := make([]byte, n+2*directAlign)
	at := directAlign - int(uintptr(unsafe.Pointer(&b[0]))%directAlign) + behind
	return b[at : at+n]
}

// TestDirect: pieces go past the cache only while they are large and aligned, and whatever the file system makes of it all of them are written once.
func TestDirect(t *testing.T) {
	large := func() []byte { return aligned(directBytes, 0) }
	for name, test := range map[string]struct {
		pieces  [][]byte
		flagErr error
		refuses bool
		want    string
	}{
		"large":           {pieces: [][]byte{large(), large()}, want: "direct direct"},
		"a tail":          {pieces: [][]byte{large(), aligned(directBytes+1, 0), large()}, want: "direct usual usual"},
		"a small tail":    {pieces: [][]byte{large(), aligned(directAlign, 0)}, want: "direct usual"},
		"small first":     {pieces: [][]byte{aligned(directAlign, 0), large()}, want: "usual usual"},
		"nothing":         {pieces: [][]byte{nil, large()}, want: "usual usual"},
		"beside a page":   {pieces: [][]byte{aligned(directBytes, 8), large()}, want: "usual usual"},
		"no flag":         {pieces: [][]byte{large(), large()}, flagErr: syscall.EINVAL, want: "usual usual"},
		"refused midways": {pieces: [][]byte{large(), large()}, refuses: true, want: "refused usual usual"},
	} {
		file := &fussy{refuses: func([]byte) bool { return test.refuses }}
		f := &direct{File: file, bypass: func(fd uintptr, on bool) error {
			if fd != 7 {
				t.Errorf("%s: flag of file %d", name, fd)
			}
			file.on = on && test.flagErr == nil
			return test.flagErr
		}}
		for i, p := range test.pieces {
			for j := range p {
				p[j] = byte(i + j%250)
			}
			if n, err := f.Write(p); n != len(p) || err != nil {
				t.Errorf("%s: piece %d: %d, %v", name, i, n, err)
			}
		}
		if got := strings.Join(file.trace, " "); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if !bytes.Equal(file.written.Bytes(), slices.Concat(test.pieces...)) {
			t.Errorf("%s: another thing was written", name)
		}
	}
}

// TestDirectFailure: what goes wrong in earnest comes out.
func TestDirectFailure(t *testing.T) {
	file := &fussy{refuses: func([]byte) bool { return true }}
	broken := errors.New("broken")
	f := &direct{File: file, bypass: func(_ uintptr, on bool) error {
		if file.on = on; !on {
			return broken
		}
		return nil
	}}
	if _, err := f.Write(aligned(directBytes, 0)); !errors.Is(err, broken) {
		t.Error(err)
	}
}
