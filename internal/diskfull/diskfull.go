// Package diskfull says what to do about a disk that takes nothing more. Who calls it names the file or folder.
package diskfull

import (
	"errors"
	"fmt"
	"syscall"
)

// Is says whether err comes from a disk without room, or a quota that is used up.
func Is(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Explain adds the way on to such an error, and leaves all others as they are.
func Explain(err error) error {
	if !Is(err) {
		return err
	}
	return fmt.Errorf("the disk is full, make room on it: %w", err)
}
