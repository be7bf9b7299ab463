package state_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/state/pebble"
)

// keyed is what one key should hold, as simple as can be.
type keyed struct {
	value *string
	list  []int64
	table map[string]string
	sum   *int64
	mean  []int64
}

func (k keyed) clone() keyed {
	k.list, k.table, k.mean = slices.Clone(k.list), maps.Clone(k.table), slices.Clone(k.mean)
	return k
}

type model map[string]keyed

func (m model) clone() model {
	c := model{}
	for k, v := range m {
		c[k] = v.clone()
	}
	return c
}

// sealed is an epoch: what it wrote, and what holds when it is committed.
type sealed struct {
	seq     uint64
	entries []state.Entry
	digest  [32]byte
	after   model
}

// machine is one task, its backend and the runtime around them, against the model. Epochs are committed when they are sealed, and
// applied later.
type machine struct {
	t       *rapid.T
	backend state.Backend
	crash   func(seed uint64) state.Backend // nil: it forgets
	reg     *state.Registry
	options state.Options

	store *state.Store
	value *state.Value[string]
	list  *state.List[int64]
	table *state.Map[string, string]
	sum   *state.Reducing[int64]
	mean  *state.Aggregating[int64, []byte, float64]

	now     model
	key     string
	epochs  []sealed // epochs[i].seq == i+1
	applied int
}

func (m *machine) check(err error) {
	if err != nil {
		m.t.Helper()
		m.t.Fatal(err)
	}
}

// start makes a new task, as after an abort or a restart.
func (m *machine) start() {
	var err error
	m.store = state.NewStore(m.backend, m.reg, m.options)
	m.value, err = state.NewValue(m.store, "op", "value", state.String{})
	m.check(err)
	m.list, err = state.NewList(m.store, "op", "list", state.Int64{})
	m.check(err)
	m.table, err = state.NewMap(m.store, "op", "map", state.String{}, state.String{})
	m.check(err)
	m.sum, err = state.NewReducing(m.store, "op", "sum", state.Int64{}, func(a, b int64) int64 { return a + b })
	m.check(err)
	m.mean, err = state.NewAggregating(m.store, "op", "mean", state.Bytes{}, mean)
	m.check(err)
	m.now = model{}
	if n := len(m.epochs); n > 0 {
		m.now = m.epochs[n-1].after.clone()
	}
	m.setKey("a")
}

// mean has one byte for each number, which it keeps itself.
var mean = state.Aggregation[int64, []byte, float64]{
	New: func() []byte { return []byte{} },
	Add: func(acc []byte, in int64) []byte { return append(acc, byte(in)) },
	Result: func(acc []byte) float64 {
		sum := 0
		for _, b := range acc {
			sum += int(b)
		}
		return float64(sum) / float64(len(acc))
	},
}

func (m *machine) setKey(key string) {
	m.key = key
	buf := []byte(key)
	m.store.SetKey(state.KeyGroup(buf, 8), buf)
	// The Store must not have kept the slice.
	for i := range buf {
		buf[i] = '!'
	}
}

func (m *machine) change(fn func(k *keyed)) {
	k := m.now[m.key]
	fn(&k)
	m.now[m.key] = k
}

// compare looks at everything that the current key has.
func (m *machine) compare() {
	m.t.Helper()
	want := m.now[m.key]
	v, ok, err := m.value.Get()
	m.check(err)
	if ok != (want.value != nil) || ok && v != *want.value {
		m.t.Fatalf("key %q: value is %q, %v", m.key, v, ok)
	}
	n, ok, err := m.sum.Get()
	m.check(err)
	if ok != (want.sum != nil) || ok && n != *want.sum {
		m.t.Fatalf("key %q: sum is %d, %v", m.key, n, ok)
	}
	m.compareMean(want.mean)
	list, err := m.list.Get()
	m.check(err)
	if !slices.Equal(list, want.list) {
		m.t.Fatalf("key %q: list is %v, want %v", m.key, list, want.list)
	}
	m.compareMap(want.table)
}

func (m *machine) compareMean(want []int64) {
	m.t.Helper()
	got, ok, err := m.mean.Get()
	m.check(err)
	sum := int64(0)
	for _, n := range want {
		sum += n
	}
	if ok != (len(want) > 0) || ok && got != float64(sum)/float64(len(want)) {
		m.t.Fatalf("key %q: mean is %v, %v; want that of %v", m.key, got, ok, want)
	}
}

func (m *machine) compareMap(want map[string]string) {
	m.t.Helper()
	var got []string
	m.check(m.table.Range(func(k, v string) bool {
		got = append(got, k+"="+v)
		return true
	}))
	var wanted []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		wanted = append(wanted, k+"="+want[k])
	}
	if !slices.Equal(got, wanted) {
		m.t.Fatalf("key %q: map is %q, want %q", m.key, got, wanted)
	}
}

func (m *machine) seal() {
	seq := uint64(len(m.epochs) + 1)
	dirty := m.store.Dirty()
	entries, err := m.store.Seal(seq)
	m.check(err)
	if m.store.Dirty() || m.store.DirtyBytes() != 0 || len(entries) > 0 && !dirty {
		m.t.Fatalf("after Seal: dirty %v, %d bytes; before: %v", m.store.Dirty(), m.store.DirtyBytes(), dirty)
	}
	for i := 1; i < len(entries); i++ {
		if bytes.Compare(entries[i-1].Key, entries[i].Key) >= 0 {
			m.t.Fatalf("entries %x and %x are out of order", entries[i-1].Key, entries[i].Key)
		}
	}
	m.epochs = append(m.epochs, sealed{seq, entries, digest(entries), m.now.clone()})
}

func digest(entries []state.Entry) [32]byte {
	h := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(h, "%x %x %v\n", e.Key, e.Value, e.Delete)
	}
	return [32]byte(h.Sum(nil))
}

// apply brings the backend n epochs further, in one batch.
func (m *machine) apply(n int) {
	if n == 0 {
		return
	}
	var batches [][]state.Entry
	for _, e := range m.epochs[m.applied : m.applied+n] {
		if digest(e.entries) != e.digest {
			m.t.Fatalf("the entries of seal %d have changed since", e.seq)
		}
		batches = append(batches, e.entries)
	}
	m.applied += n
	m.check(m.backend.Apply(state.Merge(batches...), strconv.Itoa(m.applied)))
	m.store.Applied(uint64(m.applied))
}

// replay applies what the marker says is missing.
func (m *machine) replay() {
	marker, err := m.backend.Marker()
	m.check(err)
	m.applied, _ = strconv.Atoi(marker)
	m.apply(len(m.epochs) - m.applied)
}

func (m *machine) run(t *rapid.T) {
	m.t = t
	key := rapid.SampledFrom([]string{"a", "b", "c", "", "a long key that needs more than a few bytes"})
	field := rapid.SampledFrom([]string{"", "x", "xx", "y", "z"})
	word := rapid.SampledFrom([]string{"", "v", "value", "another value"})
	on := func(fn func()) func(*rapid.T) {
		return func(t *rapid.T) { m.t = t; fn() }
	}
	t.Repeat(map[string]func(*rapid.T){
		"": func(t *rapid.T) {
			m.t = t
			if rapid.IntRange(0, 2).Draw(t, "look") == 0 {
				m.compare()
			}
		},
		"setKey": on(func() { m.setKey(key.Draw(m.t, "key")) }),
		"set": on(func() {
			v := word.Draw(m.t, "v")
			m.check(m.value.Set(v))
			m.change(func(k *keyed) { k.value = &v })
		}),
		"clearValue": on(func() {
			m.check(m.value.Clear())
			m.change(func(k *keyed) { k.value = nil })
		}),
		"addToSum": on(func() {
			n := rapid.Int64Range(-9, 9).Draw(m.t, "n")
			m.change(func(k *keyed) {
				if k.sum != nil {
					n += *k.sum
				}
			})
			before, _, _ := m.sum.Get()
			old := m.now[m.key].sum
			got, err := m.sum.Add(n - before)
			m.check(err)
			if got != n || old != nil && *old != before {
				m.t.Fatalf("sum is %d, want %d", got, n)
			}
			m.change(func(k *keyed) { k.sum = &n })
		}),
		"clearSum": on(func() {
			m.check(m.sum.Clear())
			m.change(func(k *keyed) { k.sum = nil })
		}),
		"addToMean": on(func() {
			n := rapid.Int64Range(0, 9).Draw(m.t, "n")
			m.check(m.mean.Add(n))
			m.change(func(k *keyed) { k.mean = append(slices.Clone(k.mean), n) })
		}),
		"clearMean": on(func() {
			m.check(m.mean.Clear())
			m.change(func(k *keyed) { k.mean = nil })
		}),
		"addToList": on(func() {
			n := rapid.Int64Range(0, 9).Draw(m.t, "n")
			m.check(m.list.Add(n))
			m.change(func(k *keyed) { k.list = append(slices.Clone(k.list), n) })
		}),
		"setList": on(func() {
			l := rapid.SliceOfN(rapid.Int64Range(0, 9), 0, 4).Draw(m.t, "list")
			m.check(m.list.Set(l))
			m.change(func(k *keyed) { k.list = slices.Clone(l) })
		}),
		"clearList": on(func() {
			m.check(m.list.Clear())
			m.change(func(k *keyed) { k.list = nil })
		}),
		"get": on(func() {
			f := field.Draw(m.t, "field")
			v, ok, err := m.table.Get(f)
			m.check(err)
			if want, has := m.now[m.key].table[f]; ok != has || v != want {
				m.t.Fatalf("map has %q, %v at %q; want %q, %v", v, ok, f, want, has)
			}
		}),
		"put": on(func() {
			f, v := field.Draw(m.t, "field"), word.Draw(m.t, "v")
			m.check(m.table.Put(f, v))
			m.put(f, v)
		}),
		"delete": on(func() {
			f := field.Draw(m.t, "field")
			m.check(m.table.Delete(f))
			m.change(func(k *keyed) { k.table = maps.Clone(k.table); delete(k.table, f) })
		}),
		"clearMap": on(func() {
			m.check(m.table.Clear())
			m.change(func(k *keyed) { k.table = nil })
		}),
		"changeWhileRanging": on(m.changeWhileRanging),
		"seal":               on(m.seal),
		"apply":              on(func() { m.apply(rapid.IntRange(0, len(m.epochs)-m.applied).Draw(m.t, "epochs")) }),
		"flush":              on(func() { m.check(m.backend.Flush()) }),
		"abort": on(func() {
			m.apply(len(m.epochs) - m.applied)
			m.start()
		}),
		"crash": on(func() {
			if m.crash != nil {
				m.backend = m.crash(rapid.Uint64().Draw(m.t, "seed"))
				m.replay()
				m.start()
			}
		}),
	})
	m.finish()
}

func (m *machine) put(f, v string) {
	m.change(func(k *keyed) {
		if k.table = maps.Clone(k.table); k.table == nil {
			k.table = map[string]string{}
		}
		k.table[f] = v
	})
}

// changeWhileRanging overwrites each entry as it is shown, and deletes "y" at the first one: neither may be shown twice, nor may what
// was deleted.
func (m *machine) changeWhileRanging() {
	before := maps.Clone(m.now[m.key].table)
	shown := map[string]bool{}
	m.check(m.table.Range(func(k, v string) bool {
		if shown[k] || before[k] != v || k == "y" && len(shown) > 0 {
			m.t.Fatalf("shown %q=%q after %v of %v", k, v, shown, before)
		}
		if shown[k] = true; len(shown) == 1 {
			m.check(m.table.Delete("y"))
			m.change(func(k *keyed) { k.table = maps.Clone(k.table); delete(k.table, "y") })
		}
		if _, _, err := m.table.Get("z"); err != nil {
			m.t.Fatal(err)
		}
		m.check(m.table.Put(k, v+"+"))
		m.put(k, v+"+")
		return true
	}))
	if has := len(before) > 0; has && len(shown) < len(before)-1 {
		m.t.Fatalf("shown %v of %v", shown, before)
	}
}

// finish compares everything, then clears it: not one entry may be left.
func (m *machine) finish() {
	keys := slices.Sorted(maps.Keys(m.now))
	for _, k := range keys {
		m.setKey(k)
		m.compare()
	}
	m.seal()
	m.apply(len(m.epochs) - m.applied)
	m.start()
	for _, k := range keys {
		m.setKey(k)
		m.compare()
		m.check(m.value.Clear())
		m.check(m.sum.Clear())
		m.check(m.mean.Clear())
		m.check(m.list.Clear())
		m.check(m.table.Clear())
	}
	m.seal()
	m.apply(len(m.epochs) - m.applied)
	m.check(m.backend.Scan(nil, nil, func(k, v []byte) bool {
		m.t.Errorf("left behind: %x=%x", k, v)
		return true
	}))
}

// cacheSizes: with a cache of one byte, everything is evicted as soon as it may be.
var cacheSizes = rapid.SampledFrom([]int64{1, 600, 1 << 20})

func newMachine(t *rapid.T, b state.Backend) *machine {
	reg, err := state.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, backend: b, reg: reg, options: state.Options{CacheBytes: cacheSizes.Draw(t, "cache")}}
	m.start()
	return m
}

func TestModelOnMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newMachine(t, memory.New()).run(t) })
}

func TestModelOnPebble(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewCrashableMem()
		m := newMachine(t, openPebble(t, fs))
		m.crash = func(seed uint64) state.Backend {
			cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed % 101), RNG: rand.New(rand.NewPCG(seed, 0))}
			fs = fs.CrashClone(cfg)
			return openPebble(t, fs)
		}
		m.run(t)
	})
}

func openPebble(t *rapid.T, fs vfs.FS) state.Backend {
	b, err := pebble.Open("/state", pebble.Options{JobID: "model", FS: fs, MemTableBytes: 32 << 10, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}
