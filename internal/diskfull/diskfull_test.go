package diskfull_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/weirstream/weir/internal/diskfull"
)

func TestExplain(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		err := diskfull.Explain(fmt.Errorf("put: %w", &fs.PathError{Op: "write", Path: "/data/x", Err: cause}))
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), "make room") || !strings.Contains(err.Error(), "/data/x") {
			t.Error(err)
		}
	}
	for _, other := range []error{nil, fs.ErrPermission} {
		if err := diskfull.Explain(other); !errors.Is(err, other) || diskfull.Is(err) {
			t.Error(err)
		}
	}
}
