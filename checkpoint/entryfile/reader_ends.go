package entryfile

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/cespare/xxhash/v2"
)

func (r *Reader) readHeader() error {
	var b [headerSize]byte
	if err := r.readFull(b[:], "the file's header"); err != nil {
		return err
	}
	if string(b[:len(magic)]) != magic || b != header(b[len(magic)]) {
		return r.corrupt(0, "it begins with %x, which is no header of an entry file", b)
	}
	if v := int(b[len(magic)]); v > Version {
		return r.fail(&VersionError{File: r.file, Has: v, Supports: Version})
	} else if v != Version {
		return r.corrupt(int64(len(magic)), "format %d does not exist", v)
	}
	return nil
}

func (r *Reader) readFooter(h head) error {
	start := r.offset
	var b [footerSize]byte
	if h.length != footerSize {
		return r.corrupt(start, "the footer has %d bytes, expected %d", h.length, footerSize)
	}
	if err := r.readFull(b[:], "the footer"); err != nil {
		return err
	}
	entries, frames := binary.LittleEndian.Uint64(b[0:]), binary.LittleEndian.Uint64(b[8:])
	digest := binary.LittleEndian.Uint64(b[16:])
	if xxhash.Sum64(b[:]) != h.sum || entries != r.sum.Entries || frames != r.frames || digest != r.sum.Digest {
		return r.corrupt(start, "the footer says %d entries in %d frames with digest %016x, read %d in %d with %016x",
			entries, frames, digest, r.sum.Entries, r.frames, r.sum.Digest)
	}
	if n, err := io.ReadFull(r.r, make([]byte, 1)); n > 0 {
		return r.corrupt(r.offset, "bytes follow the end")
	} else if !errors.Is(err, io.EOF) {
		return r.readError(err, "past the end")
	}
	r.sum.Size, r.done = r.offset, true
	return nil
}
