package checkpoint

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/weirstream/weir/checkpoint/store"
)

// Options of a Repository; the zero value is right for nearly everybody.
type Options struct {
	// InlineLimit is the size in bytes up to which a delta is written into the manifest's own file, which saves half of
	// the syncs. Default 1 MiB.
	InlineLimit int
	// BaseFileSize is where WriteBase begins the next file. Default 64 MiB.
	BaseFileSize int64
	// BaseRate bounds WriteBase, in bytes per second. 0: no bound.
	BaseRate int64
	// Shard names the part of the job's state whose folder this is, <job>/shard/<shard>. Empty: the job is in one piece, and the
	// folder is <job> itself.
	Shard string
}

func (o Options) withDefaults() Options {
	if o.InlineLimit == 0 {
		o.InlineLimit = 1 << 20
	}
	if o.BaseFileSize <= 0 {
		o.BaseFileSize = 64 << 20
	}
	return o
}

// Repository is the folder of one job, or of one shard of it, in a store, as one run uses it. Methods are safe for concurrent use. A run
// may write (Prepare, WriteBase, MarkCommitted, Collector) only after it has fenced all earlier runs and read the
// decision record: the safety of garbage collection rests on that.
type Repository struct {
	store Store
	job   string
	dir   string // job, or the shard's folder within it
	run   string
	opts  Options

	mu        sync.Mutex
	prepared  uint64              // highest epoch ever given to Prepare
	collected uint64              // highest decided epoch of this run ever given to a Collector
	baseSeq   uint64              // of the newest base of this run
	bases     map[uint64]*ownBase // bases of this run, by sequence number
	own       map[ID]ownFiles     // checkpoints of which this run may have written files that were not deleted
	links     map[ID]link         // manifests known: prepared, or read
}

// link is what of a manifest is remembered.
type link struct {
	parent ID
	delta  FileRef
	base   BaseRef
	stats  BaseStats // zero: not known
}

// ownFiles are a manifest and perhaps a delta.
type ownFiles struct {
	epoch uint64
	delta bool // in a file of its own
}

// NewRepository uses the files of job in s. run is this process start's NewRun, or, with Options.Shard, one for each time that the
// process takes the shard (see "Shards" in doc.go); it may be empty for a reader.
func NewRepository(s Store, job, run string, opts Options) (*Repository, error) {
	if err := store.CheckSegment(job); err != nil {
		return nil, fmt.Errorf("WEIR_JOB_ID: %w", err)
	}
	if run != "" {
		if err := checkRun(run); err != nil {
			return nil, err
		}
	}
	dir := job
	if opts.Shard != "" {
		if err := store.CheckSegment(opts.Shard); err != nil {
			return nil, fmt.Errorf("shard of job %s: %w", job, err)
		}
		dir = job + "/shard/" + opts.Shard
	}
	return &Repository{
		store: s, job: job, dir: dir, run: run, opts: opts.withDefaults(),
		bases: map[uint64]*ownBase{}, own: map[ID]ownFiles{}, links: map[ID]link{},
	}, nil
}

// Run is the run that this repository writes as.
func (r *Repository) Run() string { return r.run }

// URL is where the files are.
func (r *Repository) URL() string { return r.store.URL() + "/" + r.dir }

func (r *Repository) path(name string) string { return r.dir + "/" + name }

// named is a checkpoint in errors.
func (r *Repository) named(id ID) string {
	if r.opts.Shard == "" {
		return fmt.Sprintf("checkpoint %s", id)
	}
	return fmt.Sprintf("checkpoint %s of shard %s", id, r.opts.Shard)
}

// LoadManifest reads and verifies the manifest of a checkpoint. If it is missing the error wraps ErrNotExist.
func (r *Repository) LoadManifest(ctx context.Context, id ID) (Manifest, error) {
	m, _, rc, err := r.openManifest(ctx, id)
	if err != nil {
		return Manifest{}, err
	}
	if err := rc.Close(); err != nil {
		return Manifest{}, fmt.Errorf("read %s: %w", r.path(manifestName(id)), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[id] = link{parent: m.Parent, delta: m.Delta, base: m.Base}
	return m, nil
}

// openManifest leaves rc at the inline delta, which begins at byte end of the file.
func (r *Repository) openManifest(ctx context.Context, id ID) (m Manifest, end int64, rc io.ReadCloser, err error) {
	if _, err := ParseID(string(id)); err != nil {
		return Manifest{}, 0, nil, err
	}
	file := r.path(manifestName(id))
	f, err := r.store.Get(ctx, file)
	if err != nil {
		return Manifest{}, 0, nil, err
	}
	buf := bufio.NewReaderSize(f, 16<<10)
	if m, end, err = readManifest(buf, file, r.job, r.opts.Shard); err == nil && m.ID != id {
		err = &CorruptError{File: file, Detail: fmt.Sprintf("it holds the manifest of %s", m.ID)}
	}
	if err != nil {
		return Manifest{}, 0, nil, errors.Join(err, f.Close())
	}
	return m, end, readCloser{buf, f}, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// link returns what is needed to walk on from a checkpoint, from memory if it can.
func (r *Repository) link(ctx context.Context, id ID) (link, error) {
	r.mu.Lock()
	l, ok := r.links[id]
	r.mu.Unlock()
	if ok {
		return l, nil
	}
	m, err := r.LoadManifest(ctx, id)
	return link{parent: m.Parent, delta: m.Delta, base: m.Base}, err
}
