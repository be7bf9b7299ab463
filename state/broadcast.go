package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Broadcast is a map that does not belong to any key: every task of an operator has all of it, decoded in memory. Tasks change their copies in
// the same way, because all of them get the same records.
//
// Each key group has a copy of its own among its entries, under an empty key. So whoever gets a key group, in this or another life of the
// job, gets the map with it. An update costs an entry for each key group: it is for rules and settings, thousands of them, not millions.
//
// Put hands a value over, Get lends it: it must not be changed, not even to be Put again, since other tasks may share what it points to.
type Broadcast[K, V any] struct {
	store    *Store
	desc     Descriptor
	keys     sized[K]
	codec    sized[V]
	from, to uint16        // the task's key groups
	items    []*item[K, V] // by id
	dirty    []*item[K, V]
	id       []byte // scratch
}

// item is an entry of the map, or one that was deleted and whose copies Seal has to delete.
type item[K, V any] struct {
	id      string // the encoded key
	key     K
	value   V
	size    int
	present bool
	dirty   bool
	saved   bool // backend or sealed entries have it
}

// itemBytes is about what an entry costs in memory beside its id and value.
const itemBytes = 100

// NewBroadcast opens the broadcast state called name of the operator uid. Load brings back what it held in earlier lives.
func NewBroadcast[K, V any](s *Store, uid, name string, keys Codec[K], c Codec[V], opts ...HandleOption) (*Broadcast[K, V], error) {
	d := Descriptor{UID: uid, Name: name, Kind: KindBroadcast, MapKeyCodec: keys.Name(), ValueCodec: c.Name(), Schema: SchemaOf(c)}
	o, err := s.register(d, opts)
	if err != nil {
		return nil, err
	}
	if o.ttl != nil {
		return nil, fmt.Errorf("state %s: a broadcast state can't have a TTL; broadcast a deletion", o.label())
	}
	b := &Broadcast[K, V]{store: s, desc: o.Descriptor, keys: newSized(keys), codec: newSized(c)}
	s.tables = append(s.tables, b)
	return b, nil
}

// Load reads the copy of the key groups from <= group < to, which are the task's: the first one's, for all are the same.
func (b *Broadcast[K, V]) Load(from, to uint16) error {
	b.from, b.to, b.items = from, to, nil
	if from >= to {
		return nil // a task without key groups keeps nothing
	}
	lower := AppendKey(nil, from, b.desc.ID, nil)
	var failed error
	err := b.store.backend.Scan(lower, prefixEnd(lower), func(key, value []byte) bool {
		failed = b.restore(key, value)
		return failed == nil
	})
	if err = errors.Join(err, failed); err != nil {
		return failure(b.desc, lower, err)
	}
	return nil
}

func (b *Broadcast[K, V]) restore(key, value []byte) (err error) {
	_, _, _, suffix, err := SplitKey(key)
	if err != nil {
		return err
	}
	i := &item[K, V]{id: string(suffix), present: true, saved: true}
	if i.key, err = b.keys.Decode(suffix); err != nil {
		return err
	}
	if i.value, i.size, err = b.codec.decode(value); err != nil {
		return err
	}
	b.items = append(b.items, i) // in order, since the backend's are
	return nil
}

// Get returns the value of k; false: there is none.
func (b *Broadcast[K, V]) Get(k K) (v V, ok bool, err error) {
	at, ok, err := b.find(k)
	if err != nil || !ok || !b.items[at].present {
		return v, false, err
	}
	return b.items[at].value, true, nil
}

// Range calls fn with all entries in the order of their encoded keys, until it returns false.
func (b *Broadcast[K, V]) Range(fn func(k K, v V) bool) {
	for _, i := range b.items {
		if i.present && !fn(i.key, i.value) {
			return
		}
	}
}

// Put sets the value of k.
func (b *Broadcast[K, V]) Put(k K, v V) error {
	if b.store.opts.CheckWrites {
		if _, err := b.codec.Append(nil, v); err != nil {
			return failure(b.desc, nil, fmt.Errorf("codec %s: %w", b.codec.Name(), err))
		}
	}
	b.store.touched++
	at, ok, err := b.find(k)
	if err != nil {
		return err
	}
	if !ok {
		b.items = slices.Insert(b.items, at, &item[K, V]{id: string(b.id), key: b.keys.own(k)})
	}
	i := b.items[at]
	i.value, i.present = b.codec.own(v), true
	size := b.codec.size(v, i.size)
	b.touch(i)
	b.book(0, size-i.size)
	i.size = size
	return nil
}

// Delete removes k.
func (b *Broadcast[K, V]) Delete(k K) error {
	b.store.touched++
	at, ok, err := b.find(k)
	if err != nil || !ok || !b.items[at].present {
		return err
	}
	i := b.items[at]
	var none V
	i.value, i.present = none, false
	b.touch(i)
	return nil
}

// find says where the entry of k is, or where it would be. The encoded key is left in b.id.
func (b *Broadcast[K, V]) find(k K) (at int, ok bool, err error) {
	id, err := b.keys.Append(b.id[:0], k)
	if err != nil {
		return 0, false, failure(b.desc, nil, fmt.Errorf("map key: codec %s: %w", b.keys.Name(), err))
	}
	b.id = id
	at, ok = slices.BinarySearchFunc(b.items, id, func(i *item[K, V], id []byte) int { return cmp.Compare(i.id, string(id)) })
	return at, ok, nil
}

// touch puts i on the list of what Seal has to write.
func (b *Broadcast[K, V]) touch(i *item[K, V]) {
	if i.dirty {
		return
	}
	i.dirty = true
	b.dirty = append(b.dirty, i)
	b.book(1, itemBytes+len(i.id))
}

// book counts what the next Seal has to write: for each key group so many entries and bytes more.
func (b *Broadcast[K, V]) book(entries, bytes int) {
	groups := int(b.to - b.from)
	b.store.dirtyCells += groups * entries
	b.store.dirtyBytes += int64(groups) * int64(bytes)
}

// seal writes what has changed, once for each key group.
func (b *Broadcast[K, V]) seal(w *sealer, _ uint64) error {
	if len(b.dirty) == 0 {
		return nil
	}
	for _, i := range b.dirty {
		if err := b.encode(w, i); err != nil {
			return failure(b.desc, nil, fmt.Errorf("entry %s: %w", excerpt([]byte(i.id)), err))
		}
		i.dirty, i.saved = false, i.present
	}
	clear(b.dirty)
	b.dirty = b.dirty[:0]
	b.items = slices.DeleteFunc(b.items, func(i *item[K, V]) bool { return !i.present })
	return nil
}

func (b *Broadcast[K, V]) encode(w *sealer, i *item[K, V]) error {
	if !i.present && !i.saved {
		return nil
	}
	var value []byte
	if i.present {
		var err error
		if value, err = b.codec.Append(nil, i.value); err != nil {
			return fmt.Errorf("codec %s: %w", b.codec.Name(), err)
		}
		b.codec.learn(i.size, len(value))
	}
	w.id = b.desc.ID
	for w.group = b.from; w.group < b.to; w.group++ {
		if !i.present {
			w.delete(noKey, []byte(i.id))
			continue
		}
		w.begin(noKey, []byte(i.id))
		if err := w.end(append(w.buf, value...)); err != nil {
			return err
		}
	}
	return nil
}

// noKey is an empty record's key as it stands in an entry's: its length alone.
var noKey = string(binary.AppendUvarint(nil, 0))

// sweep evicts nothing: all of it is in memory as long as the task lives.
func (b *Broadcast[K, V]) sweep(uint64) bool { return false }

func (b *Broadcast[K, V]) evictGone(uint64) {}

func (b *Broadcast[K, V]) name() Descriptor { return b.desc }
