package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// counting counts the reads that get through to the backend.
type counting struct {
	state.Backend
	gets, scans int
	err         error
}

func (c *counting) Get(key, dst []byte) ([]byte, bool, error) {
	if c.gets++; c.err != nil {
		return dst, false, c.err
	}
	return c.Backend.Get(key, dst)
}

func (c *counting) Scan(lower, upper []byte, fn func(key, value []byte) bool) error {
	if c.scans++; c.err != nil {
		return c.err
	}
	return c.Backend.Scan(lower, upper, fn)
}

func openValue(t testing.TB, s *state.Store) *state.Value[int64] {
	t.Helper()
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(t, err)
	return v
}

func seal(t testing.TB, s *state.Store, seq uint64) []state.Entry {
	t.Helper()
	entries, err := s.Seal(seq)
	must(t, err)
	return entries
}

func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

func TestManyUpdatesAreOneWrite(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v := openValue(t, s)
	for i := range int64(10) {
		setKey(s, "k")
		must(t, v.Set(i))
	}
	entries := seal(t, s, 1)
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	if n, err := (state.Int64{}).Decode(entries[0].Value); err != nil || n != 9 {
		t.Errorf("sealed %d, %v", n, err)
	}
	if again := seal(t, s, 2); len(again) != 0 {
		t.Errorf("sealed again: %d entries", len(again))
	}
	// Absent before and after: nothing to write.
	setKey(s, "passing")
	_, _, err := v.Get()
	must(t, err)
	must(t, v.Set(1))
	must(t, v.Clear())
	if passing := seal(t, s, 3); len(passing) != 0 {
		t.Errorf("a value that came and went: %d entries", len(passing))
	}
	// The same after a deletion that was sealed.
	setKey(s, "k")
	must(t, v.Clear())
	if deleted := seal(t, s, 4); len(deleted) != 1 || !deleted[0].Delete {
		t.Errorf("deleted: %d entries", len(deleted))
	}
	must(t, v.Set(1))
	must(t, v.Clear())
	if again := seal(t, s, 5); len(again) != 0 {
		t.Errorf("came and went after a deletion: %d entries", len(again))
	}
}

// A hot key never touches the backend again, whether it is there or not.
func TestHotKeysAreNotReadAgain(t *testing.T) {
	b := &counting{Backend: memory.New()}
	s := newStore(t, b, state.Options{})
	v := openValue(t, s)
	for _, k := range []string{"present", "absent"} {
		s.SetKey(state.KeyGroup([]byte(k), state.DefaultMaxParallelism), []byte("beside "+k)) // so that the backend has to be asked
		must(t, v.Set(1))
	}
	must(t, b.Apply(seal(t, s, 1), "m"))
	s = newStore(t, b, state.Options{})
	v = openValue(t, s)
	for i := range uint64(20) {
		for _, k := range []string{"present", "absent"} {
			setKey(s, k)
			_, _, err := v.Get()
			must(t, err)
			if k == "present" {
				must(t, v.Set(int64(i)))
			}
		}
		must(t, b.Apply(seal(t, s, i+1), "m"))
		s.Applied(i + 1)
	}
	if b.gets != 2 {
		t.Errorf("%d reads of the backend for two keys", b.gets)
	}
}

// A value that is sealed and not yet applied must be kept, whatever the cache's size; then it may go.
func TestEvictionWaitsForApplied(t *testing.T) {
	b := &counting{Backend: memory.New()}
	s := newStore(t, b, state.Options{CacheBytes: 1})
	v := openValue(t, s)
	fill := func(prefix string, n int) {
		for i := range n {
			setKey(s, fmt.Sprint(prefix, i))
			must(t, v.Set(int64(i)))
		}
	}
	fill("k", 100)
	entries := seal(t, s, 1)
	fill("l", 100)
	held := s.CacheBytes()
	for i := range 100 {
		setKey(s, fmt.Sprint("k", i))
		if n, ok, err := v.Get(); err != nil || !ok || n != int64(i) {
			t.Fatalf("k%d = %d, %v, %v before it is applied", i, n, ok, err)
		}
	}
	if b.gets > 0 {
		t.Errorf("%d reads of a backend that has nothing", b.gets)
	}
	must(t, b.Apply(entries, "1"))
	s.Applied(1)
	must(t, b.Apply(seal(t, s, 2), "2"))
	s.Applied(2)
	fill("m", 100)
	// The new ones are dirty; most of the old ones are gone.
	if now := s.CacheBytes(); now > held*3/4 {
		t.Errorf("cache holds %d bytes, %d before it could be evicted", now, held)
	}
	for i := range 100 {
		setKey(s, fmt.Sprint("k", i))
		if n, ok, err := v.Get(); err != nil || !ok || n != int64(i) {
			t.Fatalf("k%d = %d, %v, %v from the backend", i, n, ok, err)
		}
	}
}

// The cache stays within its bounds over many more keys than fit, and keeps the hot one.
func TestCacheIsBounded(t *testing.T) {
	const limit = 100_000
	b := &counting{Backend: memory.New()}
	s := newStore(t, b, state.Options{CacheBytes: limit})
	text, err := state.NewValue(s, "op", "text", state.String{})
	must(t, err)
	table, err := state.NewMap(s, "op", "map", state.Int64{}, state.JSON[order]{})
	must(t, err)
	for i := range 20_000 {
		setKey(s, fmt.Sprint("k", i))
		must(t, text.Set(strings.Repeat("x", i%50)))
		must(t, table.Put(int64(i), order{Item: "screw", Count: i}))
		setKey(s, "hot")
		_, _, err := text.Get()
		must(t, err)
		if i%100 == 99 {
			seq := uint64(i)
			must(t, b.Apply(seal(t, s, seq), "m"))
			s.Applied(seq)
		}
	}
	if got := s.CacheBytes(); got > limit*3/2 {
		t.Errorf("cache holds %d bytes of %d", got, limit)
	}
	if b.gets > 100 {
		t.Errorf("the hot key was read %d times", b.gets)
	}
}

// New keys all the time, in epochs that are small beside the cache: the search for what may go must get past the dirty ones, which lie
// together and grow while it goes.
func TestCacheIsBoundedWithNewKeys(t *testing.T) {
	const limit, epoch = 1 << 20, 2000
	b := memory.New()
	s := newStore(t, b, state.Options{CacheBytes: limit})
	v := openValue(t, s)
	most, cost := int64(0), int64(0)
	for i := range 100_000 {
		setKey(s, fmt.Sprint("user-", i))
		must(t, v.Set(int64(i)))
		if i == 0 {
			cost = s.CacheBytes()
		}
		most = max(most, s.CacheBytes())
		if i%epoch == epoch-1 {
			seq := uint64(i)
			must(t, b.Apply(seal(t, s, seq), "m"))
			s.Applied(seq)
		}
	}
	if most > limit+2*epoch*cost {
		t.Errorf("up to %d bytes in a cache of %d, with at most %d dirty", most, limit, epoch*cost)
	}
}

func TestDirtyBytes(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v, err := state.NewValue(s, "op", "v", state.String{})
	must(t, err)
	l, err := state.NewList(s, "op", "l", state.String{})
	must(t, err)
	if s.Dirty() || s.DirtyBytes() != 0 {
		t.Fatal("dirty from the start")
	}
	setKey(s, "k")
	must(t, v.Set(strings.Repeat("x", 1000)))
	if got := s.DirtyBytes(); got < 1000 || got > 2000 {
		t.Errorf("%d dirty bytes for a value of 1000", got)
	}
	for range 10 {
		must(t, v.Set(strings.Repeat("x", 100)))
		must(t, v.Clear())
		must(t, v.Set("x"))
	}
	if got := s.DirtyBytes(); got < 1 || got > 300 {
		t.Errorf("%d dirty bytes for a value of 1", got)
	}
	for range 10 {
		must(t, l.Add(strings.Repeat("x", 100)))
	}
	if got := s.DirtyBytes(); got < 1000 || got > 2000 {
		t.Errorf("%d dirty bytes with a list of 1000", got)
	}
	seal(t, s, 1)
	must(t, l.Add("x"))
	if got := s.DirtyBytes(); got < 1 || got > 400 {
		t.Errorf("%d dirty bytes for one more element", got)
	}
	if got := s.CacheBytes(); got < 1000 || got > 4000 {
		t.Errorf("%d bytes in the cache", got)
	}
}

func TestSealErrors(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v, err := state.NewValue(s, "classify", "label", failing{})
	must(t, err)
	setKey(s, "order 7")
	must(t, v.Set("bad"))
	_, err = s.Seal(1)
	wantErr(t, err, `"label"`, `"classify"`, `"order 7"`, "codec string")
	if !errors.Is(err, errBad) {
		t.Errorf("%v does not wrap the codec's error", err)
	}
	s = newStore(t, memory.New(), state.Options{})
	v, err = state.NewValue(s, "classify", "label", failing{})
	must(t, err)
	setKey(s, "order 7")
	must(t, v.Set("cut"))
	_, err = s.Seal(2)
	wantErr(t, err, "must append")
	_, err = s.Seal(2)
	wantErr(t, err, "must rise")
}

func TestCorruptValues(t *testing.T) {
	b := memory.New()
	list := state.AppendKey(nil, state.KeyGroup([]byte("k"), state.DefaultMaxParallelism), 2, []byte("k"))
	element := append(bytes.Clone(list), 0, 0, 0, 0, 0, 0, 0, 0)
	group := state.KeyGroup([]byte("k"), state.DefaultMaxParallelism)
	fields := append(state.AppendKey(nil, group, 3, []byte("k")), "f"...)
	must(t, b.Apply([]state.Entry{
		{Key: state.AppendKey(nil, group, 1, []byte("k")), Value: []byte("bad")},
		{Key: list, Value: []byte{2}},
		{Key: element, Value: []byte("bad")},
		{Key: fields, Value: []byte("bad")},
	}, "m"))
	s := newStore(t, b, state.Options{})
	v := openValue(t, s)
	l, err := state.NewList(s, "op", "l", state.Int64{})
	must(t, err)
	m, err := state.NewMap(s, "op", "m", state.String{}, state.Int64{})
	must(t, err)
	setKey(s, "k")
	for range 2 { // an error isn't cached
		_, _, err = v.Get()
		wantErr(t, err, `state "v" of operator "op", key "k"`, "codec int64-be", `"bad"`)
		_, err = l.Get()
		wantErr(t, err, `state "l" of operator "op", key "k", entry`, `"bad"`)
		_, _, err = m.Get("f")
		wantErr(t, err, `state "m" of operator "op", key "k", entry "f"`, `"bad"`)
		wantErr(t, m.Range(func(string, int64) bool { return true }), `state "m" of operator "op", key "k", entry "f"`)
	}
	// Each can be repaired by writing it anew.
	must(t, v.Set(1))
	must(t, l.Clear())
	must(t, m.Put("f", 1))
	if got := seal(t, s, 1); len(got) != 5 {
		t.Errorf("%d entries", len(got))
	}
}

func TestCorruptLists(t *testing.T) {
	group := state.KeyGroup([]byte("k"), state.DefaultMaxParallelism)
	count := state.AppendKey(nil, group, 1, []byte("k"))
	element := func(i byte) state.Entry {
		return state.Entry{Key: append(bytes.Clone(count), 0, 0, 0, 0, 0, 0, 0, i), Value: make([]byte, 8)}
	}
	for what, entries := range map[string][]state.Entry{
		"codec list length":       {{Key: count, Value: []byte{}}},
		"want a uvarint":          {{Key: count, Value: []byte{0}}},
		"0 of 2 elements":         {{Key: count, Value: []byte{2}}},
		"1 of 2 elements":         {{Key: count, Value: []byte{2}}, element(0)},
		"element 1 is missing":    {{Key: count, Value: []byte{3}}, element(0), element(2)},
		"element 0 is missing":    {{Key: count, Value: []byte{2}}, element(1)},
		`key "k": codec list len`: {{Key: count, Value: []byte{0xff}}},
	} {
		b := memory.New()
		must(t, b.Apply(entries, "m"))
		s := newStore(t, b, state.Options{})
		l, err := state.NewList(s, "op", "l", state.Int64{})
		must(t, err)
		setKey(s, "k")
		_, err = l.Get()
		wantErr(t, err, what)
	}
}

func TestBackendErrorsSurface(t *testing.T) {
	broken := errors.New("disk on fire")
	b := &counting{Backend: memory.New(), err: broken}
	s := newStore(t, b, state.Options{})
	v := openValue(t, s)
	m, err := state.NewMap(s, "op", "m", state.String{}, state.Int64{})
	must(t, err)
	setKey(s, "k")
	_, _, err = v.Get()
	if !errors.Is(err, broken) {
		t.Errorf("Get: %v", err)
	}
	if err := m.Range(func(string, int64) bool { return true }); !errors.Is(err, broken) {
		t.Errorf("Range: %v", err)
	}
	if err := m.Clear(); !errors.Is(err, broken) {
		t.Errorf("Clear: %v", err)
	}
	// It passes: the failure must not have been taken for "absent".
	b.err = nil
	if _, ok, err := v.Get(); err != nil || ok {
		t.Errorf("Get afterwards: %v, %v", ok, err)
	}
}

func TestMisuse(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{KeyCodec: "string"})
	v := openValue(t, s)
	m, err := state.NewMap(s, "op", "m", state.String{}, state.Int64{})
	must(t, err)
	_, _, err = v.Get()
	if !errors.Is(err, state.ErrNoKey) {
		t.Errorf("Get without a key: %v", err)
	}
	for _, err := range []error{v.Set(1), v.Clear(), m.Put("a", 1), m.Delete("a"), m.Clear(), m.Range(nil)} {
		if !errors.Is(err, state.ErrNoKey) {
			t.Errorf("without a key: %v", err)
		}
	}
	_, err = state.NewValue(s, "op", "v", state.Int64{})
	wantErr(t, err, "open in this task already")
	_, err = state.NewValue(s, "", "v", state.Int64{})
	wantErr(t, err, "must not be empty")
	s.SetKey(1, []byte("k"))
	must(t, v.Set(1))
	s.SetKey(2, []byte("k"))
	_, _, err = v.Get()
	wantErr(t, err, "key group 1 and in 2")
}

func TestDescriptorsOfHandles(t *testing.T) {
	reg, err := state.NewRegistry(nil)
	must(t, err)
	s := state.NewStore(memory.New(), reg, state.Options{KeyCodec: "string"})
	_, err = state.NewValue(s, "op", "v", state.JSON[order]{}, state.WithKeyCodec("bytes"))
	must(t, err)
	_, err = state.NewMap(s, "op", "m", state.Int64{}, state.Float64{}, state.WithSchema("kilos by size"))
	must(t, err)
	_, err = state.NewList(s, "op", "l", state.Bytes{})
	must(t, err)
	_, err = state.NewReducing(s, "op", "r", state.Bool{}, func(a, b bool) bool { return a || b })
	must(t, err)
	want := []state.Descriptor{
		{1, "op", "v", state.KindValue, "bytes", "json", "", `{"count":"int64","item":"string"}`, false},
		{2, "op", "m", state.KindMap, "string", "float64-be", "int64-be", "kilos by size", false},
		{3, "op", "l", state.KindList, "string", "bytes", "", "", false},
		{4, "op", "r", state.KindReducing, "string", "bool", "", "", false},
	}
	if got := reg.Descriptors(); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Another goroutine applies while the task reads, writes and evicts.
func TestAppliedFromAnotherGoroutine(t *testing.T) {
	b := memory.New()
	s := newStore(t, b, state.Options{CacheBytes: 2000})
	v := openValue(t, s)
	work := make(chan []state.Entry, 4)
	var wg sync.WaitGroup
	wg.Go(func() {
		seq := uint64(0)
		for entries := range work {
			seq++
			if err := b.Apply(entries, fmt.Sprint(seq)); err != nil {
				t.Error(err)
			}
			s.Applied(seq)
		}
	})
	const rounds, keys = 300, 100
	for round := range int64(rounds) {
		for k := range keys {
			setKey(s, fmt.Sprint(k))
			n, _, err := v.Get()
			if err != nil || n != round {
				t.Fatalf("round %d: key %d is %d, %v", round, k, n, err)
			}
			must(t, v.Set(n+1))
		}
		work <- seal(t, s, uint64(round)+1)
	}
	close(work)
	wg.Wait()
}

func TestMerge(t *testing.T) {
	e := func(k, v string) state.Entry { return state.Entry{Key: []byte(k), Value: []byte(v)} }
	got := state.Merge(
		[]state.Entry{e("a", "1"), e("c", "1"), e("e", "1")},
		nil,
		[]state.Entry{e("b", "2"), {Key: []byte("c"), Delete: true}},
		[]state.Entry{e("c", "3"), e("d", "3")},
		[]state.Entry{e("a", "4"), e("f", "4")},
	)
	var all []string
	for _, x := range got {
		all = append(all, string(x.Key)+string(x.Value))
	}
	if want := []string{"a4", "b2", "c3", "d3", "e1", "f4"}; !slices.Equal(all, want) {
		t.Errorf("%q, want %q", all, want)
	}
	if state.Merge() != nil {
		t.Error("something of nothing")
	}
}

// TestRuns: what does not overlap is put in order and not copied.
func TestRuns(t *testing.T) {
	e := func(k string) state.Entry { return state.Entry{Key: []byte(k)} }
	low, high := []state.Entry{e("a"), e("b")}, []state.Entry{e("c"), e("d")}
	runs := state.Runs(high, nil, low)
	if len(runs) != 2 || &runs[0][0] != &low[0] || &runs[1][0] != &high[0] {
		t.Errorf("%v, want the two runs themselves, in order", runs)
	}
	if runs = state.Runs(high, low, []state.Entry{e("b"), e("x")}); len(runs) != 1 || len(runs[0]) != 5 {
		t.Errorf("%v, want one run of five keys", runs)
	}
}
