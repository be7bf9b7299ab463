// Package hdfsstore keeps checkpoints in the Hadoop file system.
//
// A Put writes to a temporary file under .tmp, closes it, and renames it to its name: the name node does that at once and for everybody, over an
// older file too. What a crash leaves under .tmp is removed by a later Open.
//
// Closing a file waits until every data node of its pipeline has the data, and the name node that enough of them have reported it. Whether they have
// it on their disks as well, and not only in memory, is a setting of the data nodes, dfs.datanode.synconclose, which the client library
// can't ask for: without it, a checkpoint is lost if all the machines that hold a replica lose power within the same seconds.
//
// The client library takes no contexts. Deadlines are those of its connections (dial.go); a cancelled call ends at its next step.
package hdfsstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
)

const (
	tmpDir = ".tmp"
	// tmpAge is how old a temporary file must be to be removed by Open. If it guesses wrong, and a Put has taken that
	// long, that Put fails, and its epoch is repeated: the clock is not needed for safety.
	tmpAge = time.Hour
)

// Store implements store.Store.
type Store struct {
	url, root   string
	policy      remote.Policy
	client      *hdfs.Client
	replication int   // 0: the cluster's default
	blockSize   int64 // 0: the cluster's default
	session     string
	seq         atomic.Uint64

	mu    sync.Mutex
	ready map[string]bool // folders that exist
}

// Open opens the store at an hdfs:// URL, creating its folder if need be, and makes sure that it can be written.
func Open(ctx context.Context, u *remote.URL) (*Store, error) {
	s := &Store{url: u.String(), root: "/" + u.Path, policy: u.Policy, session: newSession(), ready: map[string]bool{}}
	if err := s.sizes(u); err != nil {
		return nil, err
	}
	o, err := options(u)
	if err != nil {
		return nil, err
	}
	err = s.policy.Try(ctx, passes, func(context.Context) (err error) {
		s.client, err = hdfs.NewClient(o)
		return err
	})
	if err != nil {
		return nil, unavailable(err)
	}
	// Asked for here, since the library keeps the answer without a lock.
	if _, err := s.client.ServerDefaults(); err != nil {
		return nil, errors.Join(unavailable(err), s.Close())
	}
	if err := s.probe(ctx); err != nil {
		return nil, errors.Join(unavailable(err), s.Close())
	}
	return s, nil
}

func (s *Store) sizes(u *remote.URL) (err error) {
	if s.replication, err = u.Int("replication", 0); err != nil {
		return err
	}
	size, err := u.Int("block_size", 0)
	s.blockSize = int64(size)
	return err
}

func newSession() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (documented by crypto/rand)
	return hex.EncodeToString(b[:])
}

// probe writes, which tells of permissions and of data nodes that can't be reached from here, and removes what crashed processes have left.
func (s *Store) probe(ctx context.Context) error {
	err := s.put(ctx, path.Join(s.root, tmpDir, s.session+"-probe"), func(w io.Writer) error {
		_, err := io.WriteString(w, "probe")
		return err
	})
	if err != nil {
		return err
	}
	if err := s.remove(path.Join(s.root, tmpDir, s.session+"-probe")); err != nil {
		return err
	}
	s.removeOldTemps(time.Now().Add(-tmpAge))
	return nil
}

// removeOldTemps is courtesy: what it can't remove stays.
func (s *Store) removeOldTemps(before time.Time) {
	dir := path.Join(s.root, tmpDir)
	infos, err := s.client.ReadDir(dir)
	if err != nil {
		return
	}
	for _, info := range infos {
		if info.ModTime().Before(before) {
			_ = s.remove(path.Join(dir, info.Name()))
		}
	}
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := store.CheckName(name); err != nil {
		return nil, err
	}
	var f *hdfs.FileReader
	err := s.policy.Try(ctx, passes, func(context.Context) (err error) {
		f, err = s.client.Open(s.path(name))
		return err
	})
	if err == nil && f.Stat().IsDir() {
		err = errors.Join(os.ErrNotExist, f.Close())
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, store.NotExist(s.url, name)
	}
	if err != nil {
		return nil, s.failed("get", name, err)
	}
	return &reader{f, ctx, s, name}, nil
}

type reader struct {
	*hdfs.FileReader
	ctx  context.Context
	s    *Store
	name string
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, r.s.failed("get", r.name, err)
	}
	n, err := r.FileReader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it bare
		err = r.s.failed("get", r.name, err)
	}
	return n, err
}

// Delete implements store.Store. It gives up with the first failure: a store that is away would be waited for once for each name.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	if err := ctx.Err(); err != nil {
		return s.failed("delete", "", err)
	}
	for _, name := range names {
		err := store.CheckName(name)
		if err == nil {
			err = s.policy.Try(ctx, passes, func(context.Context) error { return s.remove(s.path(name)) })
		}
		if err != nil {
			return s.failed("delete", name, err)
		}
	}
	return nil
}

// remove removes a file, or an empty folder, if it is there.
func (s *Store) remove(file string) error {
	if err := s.client.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// URL implements store.Store.
func (s *Store) URL() string { return s.url }

// Close implements store.Store.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("checkpoint store %s: close: %w", s.url, err)
	}
	return nil
}

func (s *Store) path(name string) string { return path.Join(s.root, name) }

func (s *Store) tempName() string {
	return path.Join(s.root, tmpDir, s.session+"-"+strconv.FormatUint(s.seq.Add(1), 10))
}
