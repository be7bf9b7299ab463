package statetool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/weirstream/weir/internal/diskfull"
)

// ownFolder makes a folder for this user alone, or takes the one that is there. Its name follows from the input and the command, which is how the same command finds
// it again, so others can guess it, and may have put something there first.
func ownFolder(dir string, user int) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("work folder: %w", diskfull.Explain(err))
	}
	info, err := os.Lstat(dir) // a link could lead anywhere
	if err != nil {
		return fmt.Errorf("work folder: %w", err)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != user || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("work folder %s is not a folder of this user's alone (%s): expected one with mode 0700. Remove it, or choose another one with --work", dir, info.Mode())
	}
	return nil
}
