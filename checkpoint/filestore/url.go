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
	path, err := folderOf(url)
	if err != nil {
		return nil, err
	}
	return Open(vfs.Default, path, "file://"+path)
}

// ReadURL is OpenURL for one who only reads: the folder need be neither writable nor there, and nothing is created.
func ReadURL(url string) (*Store, error) {
	path, err := folderOf(url)
	if err != nil {
		return nil, err
	}
	return &Store{url: "file://" + path, root: path, fs: vfs.Default, session: newSession(), ready: map[string]bool{}}, nil
}

func folderOf(url string) (string, error) {
	path, ok := strings.CutPrefix(url, "file://")
	if !ok {
		return "", fmt.Errorf("%q does not begin with file://", url)
	}
	switch {
	case strings.HasPrefix(path, "/"), path == ".", strings.HasPrefix(path, "./"), strings.HasPrefix(path, "../"):
	default:
		return "", fmt.Errorf("a file URL is file:///absolute/path or file://./relative/path")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if path == "/" {
		return "", fmt.Errorf("the root folder can't be a checkpoint store; name a folder of its own")
	}
	return path, nil
}
