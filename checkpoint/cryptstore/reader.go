package cryptstore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weirstream/weir/checkpoint/entryfile"
)

// reader decrypts block by block; not a byte is handed out before its tag was verified.
type reader struct {
	file   string
	from   *bufio.Reader
	sealer *sealer
	buf    []byte
	left   []byte // of the block at hand
	offset int64  // of the next block
	done   bool
	err    error
}

// newReader reads the header.
func newReader(from io.Reader, keys *Keys, name string) (*reader, error) {
	r := &reader{file: name, from: bufio.NewReaderSize(from, 32<<10), buf: make([]byte, 0, blockBytes+tagBytes)}
	head, err := r.take(headerBytes + saltBytes)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(head), magic+" ") {
		return nil, &KeyError{File: name, Have: keys.ids()}
	}
	if len(head) < headerBytes+saltBytes {
		return nil, r.corrupt("it ends inside the header")
	}
	line, salt := string(head[:headerBytes]), head[headerBytes:]
	var version int
	var cipher, id string
	if _, err := fmt.Sscanf(line, magic+" %d %s %s\n", &version, &cipher, &id); err != nil {
		return nil, r.corrupt(fmt.Sprintf("its first line is %q", line))
	}
	if version > format {
		return nil, &entryfile.VersionError{File: name, Has: version, Supports: format}
	}
	if line != header(id) {
		return nil, r.corrupt(fmt.Sprintf("its first line is %q", line))
	}
	k, ok := keys.find(id)
	if !ok {
		return nil, &KeyError{File: name, Wants: id, Have: keys.ids()}
	}
	r.sealer, err = newSealer(k, salt, name)
	return r, err
}

// take reads up to n bytes; fewer only at the end of the file. A store that breaks off (io.ErrUnexpectedEOF among other errors) is not the end.
func (r *reader) take(n int) ([]byte, error) {
	r.buf = r.buf[:n]
	for got := 0; ; {
		m, err := r.from.Read(r.buf[got:])
		got += m
		r.offset += int64(m)
		switch {
		case errors.Is(err, io.EOF), got == n:
			return r.buf[:got], nil
		case err != nil:
			return nil, fmt.Errorf("read %s at byte %d: %w", r.file, r.offset, err)
		}
	}
}

func (r *reader) corrupt(detail string) error {
	return &entryfile.CorruptError{File: r.file, Offset: r.offset, Detail: detail}
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.left) == 0 && r.err == nil {
		if r.done {
			r.err = io.EOF
			break
		}
		r.err = r.next()
	}
	if len(r.left) == 0 {
		return 0, r.err
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// next opens a block. What follows it says whether it is the last, and the tag whether that is true.
func (r *reader) next() error {
	at := r.offset
	block, err := r.take(blockBytes + tagBytes)
	if err != nil {
		return err
	}
	_, err = r.from.Peek(1)
	if r.done = errors.Is(err, io.EOF); err != nil && !r.done {
		return fmt.Errorf("read %s at byte %d: %w", r.file, r.offset, err)
	}
	content, err := r.sealer.open(block, r.done)
	if err != nil {
		r.offset = at
		return r.corrupt(fmt.Sprintf("block %d is not what was written here: it is damaged, cut short, or of another file", r.sealer.block-1))
	}
	r.left = content
	return nil
}
