package hdfsstore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"path"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/weirstream/weir/checkpoint/store"
)

// writeBuffer parts writes from the packets that the library makes of each.
const writeBuffer = 256 << 10

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	if err := s.put(ctx, s.path(name), write); err != nil {
		return s.failed("put", name, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, file string, write func(io.Writer) error) error {
	for _, dir := range []string{path.Join(s.root, tmpDir), path.Dir(file)} {
		if err := s.ensureDir(ctx, dir); err != nil {
			return err
		}
	}
	tmp := s.tempName()
	err := s.writeTemp(ctx, tmp, write)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.rename(ctx, tmp, file)
	}
	if err != nil {
		return errors.Join(err, s.remove(tmp))
	}
	return nil
}

func (s *Store) ensureDir(ctx context.Context, dir string) error {
	s.mu.Lock()
	known := s.ready[dir]
	s.mu.Unlock()
	if known {
		return nil
	}
	err := s.clients.try(ctx, func(c *client) error { return c.MkdirAll(dir, 0o755) })
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready[dir] = true
	return nil
}

// rename publishes. The answer may get lost after it has happened: then the temporary file is gone, which nobody else removes.
func (s *Store) rename(ctx context.Context, tmp, file string) error {
	tried := false
	return s.clients.try(ctx, func(c *client) error {
		if tried {
			if _, err := c.Stat(tmp); isNotExist(err) {
				return nil
			}
		}
		tried = true
		return c.Rename(tmp, file)
	})
}

// writeTemp leaves a closed file.
func (s *Store) writeTemp(ctx context.Context, tmp string, write func(io.Writer) error) (err error) {
	var f *hdfs.FileWriter
	c, err := s.clients.open(ctx, func(c *client) (err error) {
		f, err = s.create(c, tmp)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { s.clients.give(c, err) }()
	w := bufio.NewWriterSize(f, writeBuffer)
	if err = write(store.Writer(ctx, w)); err == nil {
		err = w.Flush()
	}
	if err != nil {
		_ = f.Close() // a part of the file is of no use; who sees it is only the one that removes it
		return err
	}
	return s.complete(ctx, f)
}

func (s *Store) create(c *client, tmp string) (*hdfs.FileWriter, error) {
	if s.replication == 0 && s.blockSize == 0 {
		return c.Create(tmp)
	}
	defaults, err := c.ServerDefaults()
	if err != nil {
		return nil, err
	}
	replication, blockSize := defaults.Replication, defaults.BlockSize
	if s.replication > 0 {
		replication = s.replication
	}
	if s.blockSize > 0 {
		blockSize = s.blockSize
	}
	return c.CreateFile(tmp, replication, blockSize, 0o644)
}

// complete closes the file, and waits until the name node has heard of enough replicas of its last block.
func (s *Store) complete(ctx context.Context, f *hdfs.FileWriter) error {
	deadline := time.Now().Add(s.clients.policy.Timeout)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		err := f.Close()
		if err == nil || !hdfs.IsErrReplicating(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
