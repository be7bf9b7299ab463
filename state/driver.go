package state

// Entry is one write to keyed state, encoded: it sets Key to Value, or deletes Key.
//
// Key is group (2 bytes, big-endian) | state id (2 bytes, big-endian) | length of the record's key (uvarint) | the
// record's key | whatever the kind of state appends (a map's own key, a list's index).
type Entry struct {
	Key, Value []byte
	Delete     bool
}

// Backend is a driver: it holds the committed state of one instance, and nothing else ever. Entries are written by
// Apply alone, after the decision that commits them. Methods are safe for concurrent use.
type Backend interface {
	// Get appends the value of key to dst.
	Get(key, dst []byte) (value []byte, ok bool, err error)
	// Scan calls fn with all entries of lower <= key < upper in key order until it returns false. An empty upper has no
	// bound. The slices are valid during the call only.
	Scan(lower, upper []byte, fn func(key, value []byte) bool) error
	// Apply writes entries (sorted by key, each key once) and the marker. A crash leaves some prefix of all writes ever
	// applied, and the marker is never ahead of the entries that it stands for.
	Apply(entries []Entry, marker string) error
	// Marker names the checkpoint whose state the backend holds; empty: none, and no entries either. After a crash it can be
	// an earlier one than was last applied.
	Marker() (string, error)
	// Snapshot is a view of this moment, for scans that take their time. It must be closed.
	Snapshot() (Snapshot, error)
	// Load replaces everything by the entries that next reads, and sets the marker.
	Load(next Blocks, marker string) error
	// Reset forgets everything.
	Reset() error
	// Flush makes durable what was applied, if the backend is durable at all.
	Flush() error
	// Size is about the bytes it holds, on disk if it is on disk.
	Size() int64
	Close() error
}

// Snapshot is an unchanging view of a Backend.
type Snapshot interface {
	Marker() string
	Scan(lower, upper []byte, fn func(key, value []byte) bool) error
	Close() error
}
