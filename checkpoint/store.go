package checkpoint

import (
	"fmt"
	"strings"

	"github.com/weirstream/weir/checkpoint/filestore"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/store"
)

// Store keeps the files of checkpoints; see package store for what it promises.
type Store = store.Store

// Info describes a file in a Store.
type Info = store.Info

// ErrNotExist is what the error for a missing file wraps.
var ErrNotExist = store.ErrNotExist

// OpenStore opens the store that url names, as WEIR_CHECKPOINT_STORE gives it:
//
//	file:///absolute/folder   or file://./relative: created if need be, synced at every write
//	mem://name                in this process only; mem:// alone is private to the caller
func OpenStore(url string) (Store, error) {
	scheme, rest, ok := strings.Cut(url, "://")
	switch {
	case ok && scheme == "file":
		s, err := filestore.OpenURL(url)
		if err != nil {
			return nil, fmt.Errorf("WEIR_CHECKPOINT_STORE=%q: %w", url, err)
		}
		return s, nil
	case ok && scheme == "mem":
		return memstore.Open(rest), nil
	}
	return nil, fmt.Errorf("WEIR_CHECKPOINT_STORE=%q: allowed are file:///absolute/folder, file://./relative/folder and mem://name", url)
}
