package savepoint

import (
	"errors"

	"github.com/weirstream/weir/checkpoint"
)

// Packing says how files in a store are compressed and encrypted, as WEIR_CHECKPOINT_COMPRESSION and WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE do for a job.
type Packing = checkpoint.Packing

// Unpacker loads what is encrypted. What is only compressed needs none.
type Unpacker struct{ packing Packing }

// Unpack makes an Unpacker. Edits of what it loads write with the same packing, unless Options say otherwise: what was encrypted stays so.
func Unpack(p Packing) Unpacker {
	p.Plain = true // what a person has chosen may be older than the keys
	return Unpacker{p}
}

// packed opens stores with open, and packs them.
func packed(open func(url string) (checkpoint.Store, error), p Packing) func(url string) (checkpoint.Store, error) {
	return func(url string) (checkpoint.Store, error) {
		s, err := open(url)
		if err != nil {
			return nil, err
		}
		packed, err := checkpoint.Pack(s, p)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return packed, nil
	}
}
