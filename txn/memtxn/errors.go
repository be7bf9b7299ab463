package memtxn

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/weirstream/weir/txn"
)

var (
	errClosed = errors.New("it was closed")
	errKilled = errors.New("the process was killed")
	errEpoch  = errors.New("a newer producer has this transactional.id, or the transaction has expired")
)

func fail(op string, class txn.Class, code string, err error) error {
	return &txn.Error{Op: op, Class: class, Code: code, Err: err}
}

// abandoned is the error of a call whose context is over.
func abandoned(ctx context.Context, op string, class txn.Class) error {
	if ctx.Err() == nil {
		return nil
	}
	return fail(op, class, "_TIMED_OUT", context.Cause(ctx))
}

// checkMetadata refuses what a broker refuses at every repetition.
func checkMetadata(op string, offsets map[txn.Partition]txn.Position) error {
	for p, pos := range offsets {
		if n := len(utf16.Encode([]rune(pos.Metadata))); n > maxMetadata {
			return fail(op, txn.ClassFatal, "OFFSET_METADATA_TOO_LARGE", fmt.Errorf(
				"the metadata of %s/%d has %d characters, at most %d are allowed", p.Topic, p.ID, n, maxMetadata))
		}
	}
	return nil
}
