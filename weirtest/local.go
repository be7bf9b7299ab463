package weirtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// store lets the injector at every operation on the checkpoint store.
type store struct {
	checkpoint.Store
	life *life
}

// kind is the folder of a name within the job's, or within its shard's: manifest, delta, base, latest, instances.
func kind(name string) string {
	_, rest, _ := strings.Cut(name, "/")
	folder, rest, _ := strings.Cut(rest, "/")
	if folder == "shard" {
		return kind(rest)
	}
	return folder
}

func (s *store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return s.life.own("put-"+kind(name), func() error { return s.Store.Put(ctx, name, write) })
}

func (s *store) Get(ctx context.Context, name string) (rc io.ReadCloser, err error) {
	err = s.life.own("get-"+kind(name), func() (err error) { rc, err = s.Store.Get(ctx, name); return err })
	if err != nil {
		return nil, err
	}
	return rc, nil
}

func (s *store) List(ctx context.Context, prefix string) (infos []checkpoint.Info, err error) {
	err = s.life.own("list", func() (err error) { infos, err = s.Store.List(ctx, prefix); return err })
	return infos, err
}

func (s *store) Delete(ctx context.Context, names ...string) error {
	return s.life.own("delete", func() error { return s.Store.Delete(ctx, names...) })
}

// disk is what there is of one backend's local state when no process runs.
type disk struct {
	applied *memory.Backend
	synced  state.Snapshot // as of the last Flush; nil: nothing
}

func newDisk() *disk { return &disk{applied: memory.New()} }

// crash leaves of it what is left.
func (d *disk) crash(left LocalState) error {
	switch left {
	case Kept:
		return nil
	case Lost:
		d.synced = nil
	}
	d.applied = memory.New()
	if d.synced == nil {
		return nil
	}
	var entries []state.Entry
	err := d.synced.Scan(nil, nil, func(k, v []byte) bool {
		entries = append(entries, state.Entry{Key: k, Value: v})
		return true
	})
	if err != nil {
		return err
	}
	return d.applied.Apply(entries, d.synced.Marker())
}

// disks are those of all backends that the job's processes have opened: the job's own, without a name, and those of its shards.
type disks struct {
	mu   sync.Mutex
	each map[string]*disk
}

func newDisks() *disks { return &disks{each: map[string]*disk{}} }

func (d *disks) open(name string, l *life) state.Backend {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.each[name] == nil {
		d.each[name] = newDisk()
	}
	return d.each[name].open(l)
}

// crash leaves of all what is left.
func (d *disks) crash(left LocalState) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.each {
		err = errors.Join(err, one.crash(left))
	}
	return err
}

// local is the disk as a process uses it.
type local struct {
	*memory.Backend
	disk *disk
	life *life
}

func (d *disk) open(l *life) state.Backend { return &local{d.applied, d, l} }

func (b *local) Apply(entries []state.Entry, marker string) error {
	return b.life.own("apply", func() error { return b.Backend.Apply(entries, marker) })
}

func (b *local) Load(next state.Blocks, marker string) error {
	return b.life.own("load", func() error { return b.Backend.Load(next, marker) })
}

// Close leaves the content to the next process.
func (b *local) Close() error { return nil }

func (b *local) Reset() error { return b.life.own("reset", b.Backend.Reset) }

func (b *local) Flush() error {
	return b.life.own("sync", func() error {
		s, err := b.Snapshot()
		if err == nil {
			b.disk.synced = s
		}
		return err
	})
}
