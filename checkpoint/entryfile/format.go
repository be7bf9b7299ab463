// Package entryfile is the format of sorted state entries: a delta, or a part of a base snapshot. docs/format.md has the
// bytes. A file is a header, frames of about 64 KiB of entries, and a footer; everything is under a checksum that
// is bound to its place, so damage is found where it is, before anything behind it is believed.
package entryfile

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

const (
	// Version is the format that Writer writes.
	Version = 1

	magic       = "WEIRENT"
	headerSize  = 16 // magic, version, checksum of both
	frameHead   = 24 // payload length, entry count, checksum of payload, checksum of head
	footerSize  = 24 // entries, frames, digest of the frames' checksums
	footerCount = ^uint32(0)

	// blockSize is where a frame ends; an entry that is larger has a frame of its own.
	blockSize = 64 << 10
	// maxFrame is what a reader accepts: larger than the largest entry that Add takes.
	maxFrame = MaxEntry + blockSize + 64
	// MaxEntry bounds key plus value.
	MaxEntry = 1 << 30
)

// CorruptError says which file is damaged and where. It is never returned for a failure to read.
type CorruptError struct {
	File   string
	Offset int64 // in bytes, from the beginning of the file
	Detail string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is corrupt at byte %d: %s", e.File, e.Offset, e.Detail)
}

// VersionError says that a file was written by a newer version of Weir.
type VersionError struct {
	File          string
	Has, Supports int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s was written by a newer version: it has format %d, this version reads up to %d; upgrade to that version or a newer one",
		e.File, e.Has, e.Supports)
}

// Summary is what a finished file holds.
type Summary struct {
	Size    int64  // of the whole file in bytes
	Entries uint64 // deletions included
	// Digest covers all frames and so every entry; two files with the same digest hold the same entries.
	Digest uint64
}

// header is the same in every version, so that a newer format is told from damage.
func header(version byte) (b [headerSize]byte) {
	copy(b[:], magic)
	b[len(magic)] = version
	binary.LittleEndian.PutUint64(b[8:], xxhash.Sum64(b[:8]))
	return b
}

// head is the head of a frame.
type head struct {
	length, count uint32
	sum           uint64 // of the payload
}

func putHead(b []byte, h head, offset int64) {
	binary.LittleEndian.PutUint32(b[0:], h.length)
	binary.LittleEndian.PutUint32(b[4:], h.count)
	binary.LittleEndian.PutUint64(b[8:], h.sum)
	binary.LittleEndian.PutUint64(b[16:], headSum(b, offset))
}

func getHead(b []byte) head {
	return head{
		length: binary.LittleEndian.Uint32(b[0:]),
		count:  binary.LittleEndian.Uint32(b[4:]),
		sum:    binary.LittleEndian.Uint64(b[8:]),
	}
}

// headSum binds the head, and through it the payload, to its offset: a frame that moved is found.
func headSum(b []byte, offset int64) uint64 {
	var x [24]byte
	copy(x[:], b[:16])
	binary.LittleEndian.PutUint64(x[16:], uint64(offset))
	return xxhash.Sum64(x[:])
}

// chain folds the checksum of one more frame into the digest.
func chain(digest, sum uint64) uint64 {
	var x [16]byte
	binary.LittleEndian.PutUint64(x[0:], digest)
	binary.LittleEndian.PutUint64(x[8:], sum)
	return xxhash.Sum64(x[:])
}
