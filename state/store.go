package state

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// DefaultCacheBytes bounds the decoded values that a Store keeps when Options say nothing.
const DefaultCacheBytes = 64 << 20

// Options of a Store; the zero value is ready for use.
type Options struct {
	// CacheBytes is about how much memory decoded values may take up, DefaultCacheBytes if 0. What is dirty or sealed but not yet
	// applied can't be evicted and may exceed it: bound that by DirtyBytes. It is per Store, so per task.
	CacheBytes int64
	// KeyCodec names the codec of the records' keys; it is recorded with every state for the tools that read them.
	KeyCodec string
	// CheckWrites: what is written until the first Seal is encoded at once, see WithChecks. It is for an epoch that has failed before.
	CheckWrites bool
}

// Store is the keyed state of one task: the writes of the open epoch over a cache of committed values over a Backend.
// All methods but Applied belong to the goroutine of the task, and so do the handles made from it.
type Store struct {
	backend Backend
	reg     *Registry
	opts    Options

	// key is the current key in the form of an entry's key; the two bytes of the state's id are filled in by whoever
	// reads the backend with it. turn counts the calls of SetKey, so that a handle knows whether its last cell is still the right one.
	key   []byte
	group uint16
	turn  uint64
	keyed bool // there is a current key

	tables   []sealable
	sweepers []*sweeper
	scratch  []byte // what the backend last returned

	touched    uint64
	dirtyCells int
	dirtyBytes int64
	cacheBytes int64
	pins       int // while above 0, no cell may be evicted
	eviction   eviction

	sealed  uint64
	sealing sealable // under way, or what the last Seal has failed on
	sealCap int
	sorter  sorter
	trial   []byte // what check has encoded
	applied atomic.Uint64
}

// sealable is what Seal and eviction need of a table, whatever its type.
type sealable interface {
	seal(w *sealer, seq uint64) error
	// sweep looks at some cells and evicts those that it may, until the Store needs no more room. It is useful if it met any that may
	// go, now or the next time round.
	sweep(applied uint64) (useful bool)
	// evictGone evicts values that were deleted, until then too.
	evictGone(applied uint64)
	name() Descriptor
	// unsealed names the state, and the key that its seal would begin with.
	unsealed() string
}

// NewStore makes the state of one task. The backend must hold everything that is committed by now: after an abort the sealed
// entries of earlier, committed epochs are to be applied before the next Store is made.
func NewStore(backend Backend, reg *Registry, opts Options) *Store {
	if opts.CacheBytes == 0 {
		opts.CacheBytes = DefaultCacheBytes
	}
	return &Store{backend: backend, reg: reg, opts: opts, key: make([]byte, headLen, 64)}
}

// SetKey makes key, of this key group, the one that all handles work on. The key is copied.
func (s *Store) SetKey(group uint16, key []byte) {
	s.group = group
	s.turn++
	s.keyed = true
	b := s.key[:headLen]
	binary.BigEndian.PutUint16(b, group)
	if len(key) < 0x80 {
		b = append(b, byte(len(key)))
	} else {
		b = binary.AppendUvarint(b, uint64(len(key)))
	}
	s.key = append(b, key...)
}

// ClearKey leaves handles without a key, as before the first SetKey: until the next one they return ErrNoKey.
func (s *Store) ClearKey() {
	s.turn++ // so that no handle takes its last cell for the current one
	s.keyed = false
}

// Applied says that the backend now holds everything up to and including Seal(seq). It may be called from any goroutine, after
// Backend.Apply has returned.
func (s *Store) Applied(seq uint64) {
	for {
		old := s.applied.Load()
		if seq <= old || s.applied.CompareAndSwap(old, seq) {
			return
		}
	}
}

// Dirty says whether there is anything to seal.
func (s *Store) Dirty() bool { return s.dirtyCells > 0 }

// Touched counts attempts to change state, timers included, and accesses that failed. Whoever calls a function of the job can tell by it
// whether the function has left state as it was.
func (s *Store) Touched() uint64 { return s.touched }

// expired removes what has expired by itself, which is no change by whoever has come across it.
func (s *Store) expired(remove func() error) error {
	touched := s.touched
	err := remove()
	if err == nil {
		s.touched = touched
	}
	return err
}

// DirtyBytes is about the memory that the writes of the open epoch take up.
func (s *Store) DirtyBytes() int64 { return s.dirtyBytes }

// CacheBytes is about the memory that all values kept decoded take up, dirty ones included.
func (s *Store) CacheBytes() int64 { return s.cacheBytes }

// TimerMemory is the memory that timers take up, with what is kept for more of them.
func (s *Store) TimerMemory() (bytes int64) {
	for _, t := range s.tables {
		if timers, ok := t.(*Timers); ok {
			bytes += timers.memory()
		}
	}
	return bytes
}

// HandleOption is a setting of one state.
type HandleOption func(*opening)

// opening is a state that is being opened.
type opening struct {
	Descriptor
	ttl    *TTL
	checks bool
}

// WithSchema records a description of the values, for the tools that read them.
func WithSchema(schema string) HandleOption { return func(o *opening) { o.Schema = schema } }

// WithKeyCodec overrides Options.KeyCodec.
func WithKeyCodec(name string) HandleOption { return func(o *opening) { o.KeyCodec = name } }

// WithTTL lets the values of a state, or the entries of a map, expire.
func WithTTL(ttl TTL) HandleOption { return func(o *opening) { o.ttl = &ttl } }

// register gives d its id. A task opens a state once: two handles on the same one would not see each other's writes.
func (s *Store) register(described Descriptor, opts []HandleOption) (opening, error) {
	d := opening{Descriptor: described}
	if d.KeyCodec == "" {
		d.KeyCodec = s.opts.KeyCodec
	}
	for _, opt := range opts {
		opt(&d)
	}
	if d.UID == "" || d.Name == "" {
		return d, fmt.Errorf("state %s: the operator's uid and the state's name must not be empty", d.label())
	}
	for _, t := range s.tables {
		if other := t.name(); other.UID == d.UID && other.Name == d.Name {
			return d, fmt.Errorf("state %s is open in this task already", d.label())
		}
	}
	id, err := s.reg.Register(d.Descriptor)
	d.ID = id
	return d, err
}
