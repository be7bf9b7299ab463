package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirstream/weir/checkpoint/blobstore"
	"github.com/weirstream/weir/checkpoint/filestore"
	"github.com/weirstream/weir/checkpoint/hdfsstore"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/internal/diskfull"
)

// Store keeps the files of checkpoints; see package store for what it promises.
type Store = store.Store

// Info describes a file in a Store.
type Info = store.Info

// ErrNotExist is what the error for a missing file wraps.
var ErrNotExist = store.ErrNotExist

// ErrUnavailable is wrapped by the errors of a store that can't be reached for now.
var ErrUnavailable = remote.ErrUnavailable

// OpenStore opens the store that url names, as WEIR_CHECKPOINT_STORE gives it:
//
//	file:///absolute/folder   or file://./relative: created if need be, synced at every write
//	mem://name                in this process only; mem:// alone is private to the caller
//	s3://bucket/prefix        S3 and what speaks its language
//	gs://bucket/prefix        Google Cloud Storage
//	azblob://container/prefix Azure Blob Storage
//	hdfs://nn1:8020,nn2:8020/folder
//
// docs/operations.md has their parameters. An error wraps ErrUnavailable if the store may be reached later.
func OpenStore(url string) (Store, error) {
	s, err := openStore(context.Background(), url)
	if diskfull.Is(err) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("WEIR_CHECKPOINT_STORE=%q: %w", RedactURL(url), err)
	}
	return s, nil
}

func openStore(ctx context.Context, url string) (Store, error) {
	scheme, rest, _ := strings.Cut(url, "://")
	switch {
	case scheme == "file" && scheme != url:
		return opened(filestore.OpenURL(url))
	case scheme == "mem" && scheme != url:
		return memstore.Open(rest), nil
	case !isRemote(url):
		return nil, errors.New("allowed are file:///absolute/folder, file://./relative/folder, mem://name, s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix and hdfs://namenode:port/folder")
	}
	u, err := remote.ParseURL(url)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "hdfs" {
		return opened(hdfsstore.Open(ctx, u))
	}
	return opened(blobstore.Open(ctx, u))
}

// opened keeps a nil of a driver's type from becoming a store.
func opened[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

func isRemote(url string) bool {
	scheme, _, ok := strings.Cut(url, "://")
	return ok && slices.Contains([]string{"s3", "gs", "azblob", "hdfs"}, scheme)
}

// CheckURL says what is wrong with the URL of a store on a network, without asking it; of others it says nothing.
func CheckURL(url string) error {
	if !isRemote(url) {
		return nil
	}
	_, err := remote.ParseURL(url)
	return err
}

// RedactURL makes a text that should be the URL of a store fit to be shown, whatever is wrong with it.
func RedactURL(url string) string { return remote.Redact(url) }
