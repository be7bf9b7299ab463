package filestore

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// OpenURL opens the folder that a file:// URL names: file:///absolute/path, or file://./path relative to the working folder.
// The path is taken as it stands, without %-decoding.
func OpenURL(url string) (*Store, error) {
	path, ok := strings.CutPrefix(url, "file://")
	if !ok {
		return nil, fmt.Errorf("%q does not begin with file://", url)
	}
	switch {
	case strings.HasPrefix(path, "/"), path == ".", strings.HasPrefix(path, "./"), strings.HasPrefix(path, "../"):
	default:
		return nil, fmt.Errorf("a file URL is file:///absolute/path or file://./relative/path")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if path == "/" {
		return nil, fmt.Errorf("the root folder can't be a checkpoint store; name a folder of its own")
	}
	return Open(vfs.Default, path, "file://"+path)
}
