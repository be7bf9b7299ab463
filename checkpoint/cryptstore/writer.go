package cryptstore

import (
	"crypto/rand"
	"io"
)

// writer encrypts block by block: a block is written when the first byte behind it shows that it is not the last.
type writer struct {
	to     io.Writer
	sealer *sealer
	buf    []byte
	out    []byte
	err    error
}

func newWriter(to io.Writer, k key, name string) (*writer, error) {
	var salt [saltBytes]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, err
	}
	s, err := newSealer(k, salt[:], name)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(to, header(k.id)); err != nil {
		return nil, err
	}
	if _, err := to.Write(salt[:]); err != nil {
		return nil, err
	}
	return &writer{to: to, sealer: s}, nil
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && w.err == nil {
		if len(w.buf) == blockBytes {
			w.flush(false)
		}
		m := min(len(p), blockBytes-len(w.buf))
		w.buf = append(w.buf, p[:m]...)
		p, n = p[m:], n+m
	}
	return n, w.err
}

// close writes the last block.
func (w *writer) close() error {
	if w.err == nil {
		w.flush(true)
	}
	return w.err
}

func (w *writer) flush(last bool) {
	w.out = w.sealer.seal(w.out[:0], w.buf, last)
	_, w.err = w.to.Write(w.out)
	w.buf = w.buf[:0]
}
