package cryptstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path"
)

const (
	magic     = "weir-sealed"
	format    = 1
	algorithm = "aes-256-gcm"

	saltBytes  = 32
	blockBytes = 64 << 10
	tagBytes   = 16
)

func header(id string) string { return fmt.Sprintf("%s %d %s %s\n", magic, format, algorithm, id) }

// headerBytes is the length of every header of this format: ids have 16 digits.
var headerBytes = len(header("0123456789abcdef"))

// openedSize is the length of the content of a file of n bytes.
func openedSize(n int64) int64 {
	n -= int64(headerBytes + saltBytes)
	blocks := (n + blockBytes + tagBytes - 1) / (blockBytes + tagBytes)
	return n - blocks*tagBytes
}

// sealer encrypts or decrypts the blocks of one file, in order.
type sealer struct {
	aead  cipher.AEAD
	block uint64
}

func newSealer(k key, salt []byte, name string) (*sealer, error) {
	secret, err := hkdf.Key(sha256.New, k.secret[:], salt, "weir checkpoint file "+path.Base(name), keyBytes)
	if err != nil {
		return nil, err
	}
	b, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(b)
	return &sealer{aead: aead}, err
}

// nonce is for the next block.
func (s *sealer) nonce(last bool) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[3:11], s.block)
	if last {
		n[11] = 1
	}
	s.block++
	return n[:]
}

func (s *sealer) seal(dst, content []byte, last bool) []byte {
	return s.aead.Seal(dst, s.nonce(last), content, nil)
}

// open decrypts in place.
func (s *sealer) open(block []byte, last bool) ([]byte, error) {
	return s.aead.Open(block[:0], s.nonce(last), block, nil)
}
