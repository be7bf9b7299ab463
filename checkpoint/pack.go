package checkpoint

import (
	"fmt"

	"github.com/weirstream/weir/checkpoint/cryptstore"
	"github.com/weirstream/weir/checkpoint/zipstore"
)

// Packing says how files are packed on their way into a store. All that read a job's store need the keys; compression each may choose for itself.
type Packing struct {
	Compression string // CompressionZstd; empty or "none": none. What is compressed is read in either case
	KeyFile     string // names a file of keys (see package cryptstore); empty: nothing is encrypted
	// Plain: files that are not encrypted are read too, though there are keys. For savepoints, which a person has chosen.
	Plain bool
}

// CompressionZstd compresses with zstd.
const CompressionZstd = "zstd"

// KeyError says that a file was encrypted with a key that is not at hand, or not at all.
type KeyError = cryptstore.KeyError

// Pack puts packing before a store. Names stay as they are. Closing the result closes s.
func Pack(s Store, p Packing) (Store, error) {
	var keys *cryptstore.Keys
	if p.KeyFile != "" {
		var err error
		if keys, err = cryptstore.ReadKeys(p.KeyFile); err != nil {
			return nil, fmt.Errorf("WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE: %w", err)
		}
	}
	if keys == nil || p.Plain {
		s = cryptstore.NewPlain(s, keys)
	} else {
		s = cryptstore.New(s, keys)
	}
	switch p.Compression {
	case "", "none", CompressionZstd:
		return zipstore.New(s, p.Compression == CompressionZstd), nil
	}
	return nil, fmt.Errorf("WEIR_CHECKPOINT_COMPRESSION=%q: expected none or %s", p.Compression, CompressionZstd)
}
