// Package blobstore keeps checkpoints in an object store: S3 and what speaks its language, Google Cloud Storage, Azure Blob Storage.
//
// An object store shows an object when all of it has arrived, replaces it as a whole, and has it on several disks before it says so: that
// is what Put promises, without temporary names. What an upload in parts leaves when the process dies is never visible; the bucket's lifecycle
// rules clean it up (docs/operations.md).
//
// A blob of up to smallBlob is held in memory and sent in one request, which is tried again if that may help. A larger one is sent in
// parts while it is written, each of which the SDK tries again.
package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/internal/failpoint"
)

// deleters is how many deletes are under way at a time: object stores are slow for one and fast for many.
const deleters = 16

// Store implements store.Store.
type Store struct {
	url     string
	bucket  *blob.Bucket
	policy  remote.Policy
	service service
}

// service is what differs between the object stores.
type service struct {
	close func()            // lets connections go
	scrub func(error) error // takes secrets out of an error's text
}

// New keeps blobs in bucket, which is closed with the store. url is what URL returns.
func New(bucket *blob.Bucket, url string, policy remote.Policy) *Store {
	return &Store{url: url, bucket: bucket, policy: policy}
}

// Open opens the store at an s3://, gs:// or azblob:// URL, and makes sure that the bucket is there.
func Open(ctx context.Context, u *remote.URL) (*Store, error) {
	open := map[string]func(context.Context, *remote.URL) (*blob.Bucket, service, error){
		"s3": openS3, "gs": openGCS, "azblob": openAzure,
	}[u.Scheme]
	if open == nil {
		return nil, fmt.Errorf("%s:// is not an object store; expected s3, gs or azblob", u.Scheme)
	}
	bucket, svc, err := open(ctx, u)
	if err != nil {
		return nil, err
	}
	if u.Path != "" {
		bucket = blob.PrefixedBucket(bucket, u.Path+"/")
	}
	s := New(bucket, u.String(), u.Policy)
	s.service = svc
	if err := s.probe(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) probe(ctx context.Context) error {
	err := s.policy.Try(ctx, passes, func(ctx context.Context) error {
		_, _, err := s.bucket.ListPage(ctx, blob.FirstPageToken, 1, nil)
		return err
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	if gcerrors.Code(err) == gcerrors.NotFound {
		return errNoBucket
	}
	explained := s.explain(err)
	if passes(err) && !errors.Is(explained, remote.ErrUnavailable) {
		return fmt.Errorf("%w: %w", remote.ErrUnavailable, explained)
	}
	return explained
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := store.CheckName(name); err != nil {
		return nil, err
	}
	watch, ctx := s.policy.NewWatch(ctx)
	var r *blob.Reader
	err := watch.Step(func() error {
		return s.policy.Try(ctx, passes, func(context.Context) (err error) {
			r, err = s.bucket.NewReader(ctx, name, nil) //nolint:contextcheck // it has to outlive Try
			return err
		})
	})
	if err != nil {
		defer watch.End(nil)
		if gcerrors.Code(err) != gcerrors.NotFound {
			return nil, s.failed("get", name, err)
		}
		// A bucket that is gone must not look like a store that is empty.
		if err := s.probe(ctx); err != nil {
			return nil, s.failed("get", name, err)
		}
		return nil, store.NotExist(s.url, name)
	}
	return &reader{s: s, name: name, r: r, watch: watch}, nil
}

type reader struct {
	s     *Store
	name  string
	r     *blob.Reader
	watch *remote.Watch
}

func (r *reader) Read(p []byte) (n int, err error) {
	err = r.watch.Step(func() (err error) {
		n, err = r.r.Read(p)
		return err
	})
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it bare
		err = r.s.failed("get", r.name, err)
	}
	return n, err
}

func (r *reader) Close() error {
	err := r.r.Close()
	r.watch.End(nil)
	return err
}

// List implements store.Store. Each page of a long list has its own time.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Info, error) {
	watch, ctx := s.policy.NewWatch(ctx)
	defer watch.End(nil)
	var infos []store.Info
	for it := s.bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		var o *blob.ListObject
		err := ctx.Err()
		if err == nil {
			err = watch.Step(func() (err error) {
				o, err = it.Next(ctx)
				return err
			})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, s.failed("list", prefix, err)
		}
		if store.CheckName(o.Key) == nil { // else a stranger's, such as a folder's marker
			infos = append(infos, store.Info{Name: o.Key, Size: o.Size, ModTime: o.ModTime})
		}
	}
	slices.SortFunc(infos, func(a, b store.Info) int { return strings.Compare(a.Name, b.Name) })
	return infos, nil
}

// Delete implements store.Store. It gives up with the first failure: a store that is away would be waited for once for each name.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	if err := ctx.Err(); err != nil {
		return s.failed("delete", "", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
		queue = make(chan string, len(names))
	)
	for _, name := range names {
		queue <- name
	}
	close(queue)
	for range min(deleters, len(names)) {
		wg.Go(func() {
			for name := range queue {
				if err := s.delete(ctx, name); err != nil {
					once.Do(func() { first = s.failed("delete", name, err) })
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}

func (s *Store) delete(ctx context.Context, name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	if failpoint.Enabled {
		failpoint.Hit("delete-file")
	}
	err := s.policy.Try(ctx, passes, func(ctx context.Context) error { return s.bucket.Delete(ctx, name) })
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return err
}

// URL implements store.Store.
func (s *Store) URL() string { return s.url }

// Close implements store.Store.
func (s *Store) Close() error {
	err := s.bucket.Close()
	if s.service.close != nil {
		s.service.close()
	}
	return err
}
