package entryfile

import "github.com/cespare/xxhash/v2"

// HeaderForTest is the header of a file of that format.
func HeaderForTest(version byte) string {
	h := header(version)
	return string(h[:])
}

// FrameForTest is a file without footer, its one frame under valid checksums.
func FrameForTest(payload []byte, count uint32) []byte {
	if count == footerCount {
		count = 0
	}
	h := header(Version)
	file := append(h[:], make([]byte, frameHead)...)
	putHead(file[headerSize:], head{length: uint32(len(payload)), count: count, sum: xxhash.Sum64(payload)}, headerSize)
	return append(file, payload...)
}
