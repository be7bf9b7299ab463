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
	"bytes"
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
	"github.com/weirstream/weir/internal/failpoint"
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
	clients     clients
	replication int   // 0: the cluster's default
	blockSize   int64 // 0: the cluster's default
	session     string
	seq         atomic.Uint64

	mu    sync.Mutex
	ready map[string]bool // folders that exist
}

// Open opens the store at an hdfs:// URL, creating its folder if need be, and makes sure that it can be written.
func Open(ctx context.Context, u *remote.URL) (*Store, error) {
	s := &Store{url: u.String(), root: "/" + u.Path, session: newSession(), ready: map[string]bool{}}
	if err := s.sizes(u); err != nil {
		return nil, err
	}
	o, err := options(u)
	if err != nil {
		return nil, err
	}
	s.clients = clients{options: o, policy: u.Policy}
	if o.KerberosClient != nil {
		if err := login(ctx, u.Policy, o.KerberosClient); err != nil {
			return nil, err
		}
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

// probe writes and reads, which tells of permissions, of data nodes that can't be reached from here, and of protections that work only one way. It removes what crashed
// processes have left.
func (s *Store) probe(ctx context.Context) error {
	file := path.Join(s.root, tmpDir, s.session+"-probe")
	data := bytes.Repeat([]byte("probe"), 20_000) // more than a packet
	err := s.put(ctx, file, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	var got []byte
	err = s.clients.try(ctx, func(c *client) (err error) {
		got, err = c.ReadFile(file)
		return err
	})
	if err = errors.Join(err, s.remove(file)); err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("a file that was just written reads differently: %d bytes, beginning with %q", len(got), got[:min(len(got), 10)])
	}
	s.removeOldTemps(time.Now().Add(-tmpAge))
	return nil
}

// removeOldTemps is courtesy: what it can't remove stays.
func (s *Store) removeOldTemps(before time.Time) {
	dir := path.Join(s.root, tmpDir)
	var infos []os.FileInfo
	_ = s.clients.once(func(c *client) (err error) {
		infos, err = c.ReadDir(dir)
		return err
	})
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
	c, err := s.clients.open(ctx, func(c *client) (err error) {
		if f, err = c.Open(s.path(name)); err == nil && f.Stat().IsDir() {
			err = errors.Join(os.ErrNotExist, f.Close())
		}
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, store.NotExist(s.url, name)
	}
	if err != nil {
		return nil, s.failed("get", name, err)
	}
	return &reader{FileReader: f, ctx: ctx, s: s, name: name, client: c}, nil
}

type reader struct {
	*hdfs.FileReader
	ctx    context.Context
	s      *Store
	name   string
	client *client // nil: given back
	err    error   // of the last Read
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, r.s.failed("get", r.name, err)
	}
	n, err := r.FileReader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it bare
		r.err = err
		err = r.s.failed("get", r.name, err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reader) Close() error {
	err := r.FileReader.Close()
	if r.client != nil {
		r.s.clients.give(r.client, errors.Join(r.err, err))
		r.client = nil
	}
	return err
}

// Delete implements store.Store. It gives up with the first failure: a store that is away would be waited for once for each name.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	if err := ctx.Err(); err != nil {
		return s.failed("delete", "", err)
	}
	for _, name := range names {
		err := store.CheckName(name)
		if err == nil {
			if failpoint.Enabled {
				failpoint.Hit("delete-file")
			}
			err = s.clients.try(ctx, func(c *client) error { return remove(c, s.path(name)) })
		}
		if err != nil {
			return s.failed("delete", name, err)
		}
	}
	return nil
}

func (s *Store) remove(file string) error {
	return s.clients.once(func(c *client) error { return remove(c, file) })
}

// remove removes a file, or an empty folder, if it is there.
func remove(c *client, file string) error {
	if err := c.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// URL implements store.Store.
func (s *Store) URL() string { return s.url }

// Close implements store.Store.
func (s *Store) Close() error {
	if k := s.clients.options.KerberosClient; k != nil {
		k.Destroy() // its goroutine that logs in anew
	}
	if err := s.clients.close(); err != nil {
		return fmt.Errorf("checkpoint store %s: close: %w", s.url, err)
	}
	return nil
}

func (s *Store) path(name string) string { return path.Join(s.root, name) }

func (s *Store) tempName() string {
	return path.Join(s.root, tmpDir, s.session+"-"+strconv.FormatUint(s.seq.Add(1), 10))
}
