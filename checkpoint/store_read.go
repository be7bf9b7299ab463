package checkpoint

import (
	"fmt"
	"strings"

	"github.com/weirstream/weir/checkpoint/filestore"
)

// ReadStore is OpenStore for one who only reads: a folder need be neither writable nor there, and nothing is created.
func ReadStore(url string) (Store, error) {
	if !strings.HasPrefix(url, "file://") {
		return OpenStore(url)
	}
	s, err := filestore.ReadURL(url)
	if err != nil {
		return nil, fmt.Errorf("checkpoint store %q: %w", url, err)
	}
	return s, nil
}
