package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// saved writes a savepoint and opens it as an origin.
func saved(t testing.TB, h snapshot.Header, entries map[string]string) *origin {
	t.Helper()
	store, err := checkpoint.OpenStore("mem://")
	if err != nil {
		t.Fatal(err)
	}
	w, err := snapshot.Create(t.Context(), store, "job/savepoint/one", h)
	if err != nil {
		t.Fatal(err)
	}
	p := w.Part(0)
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if err := p.Add(state.Entry{Key: []byte(key), Value: []byte(entries[key])}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := openOrigin(t.Context(), RestoreFrom{URL: "mem://x/job/savepoint/one", OpenStore: func(string) (checkpoint.Store, error) { return store, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// found writes the first checkpoints of an instance.
func found(t testing.TB, in *Instance, o *origin, states *inherited, at *places, scratch string) *founding {
	t.Helper()
	b := &beginning{in: in, ctx: t.Context(), from: RestoreFrom{URL: "mem://x/job/savepoint/one?secret=1", Scratch: scratch}}
	f := newFounding(b, o, states, at)
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	if load := in.Status().RestoreFrom; load == nil || load.Active || load.Failed || load.BytesDone != load.BytesTotal || load.BytesDone == 0 && f.entries > 0 {
		t.Fatalf("the status tells of loading %d entries: %+v", f.entries, load)
	}
	return f
}

// What shards hold after a start from a savepoint is what a naive reading of it says, whatever the numbers of key groups and shards: entries of records in the
// key group of their key, broadcast maps in every one, dropped states nowhere, converted values once.
func TestInheritEqualsNaive(t *testing.T) {
	scratch := filepath.Join(t.TempDir(), "sort")
	plain, list := state.Descriptor{ID: 3, UID: "u", Name: "plain", Kind: state.KindValue}, state.Descriptor{ID: 4, UID: "u", Name: "list", Kind: state.KindList}
	shared, gone := state.Descriptor{ID: 7, UID: "u", Name: "shared", Kind: state.KindBroadcast}, state.Descriptor{ID: 9, UID: "v", Name: "gone", Kind: state.KindValue}
	convert := func(v []byte) ([]byte, error) { return append([]byte("new "), v...), nil }
	rapid.Check(t, func(rt *rapid.T) {
		before, after := rapid.IntRange(1, 200).Draw(rt, "key groups"), rapid.IntRange(1, 200).Draw(rt, "key groups then")
		if rapid.Bool().Draw(rt, "the same") {
			after = before
		}
		entries, want := map[string]string{}, map[string]string{}
		put := func(id uint16, key, suffix []byte, value, then string) {
			entries[string(append(state.AppendKey(nil, state.KeyGroup(key, before), id, key), suffix...))] = value
			if id != gone.ID {
				want[string(append(state.AppendKey(nil, state.KeyGroup(key, after), id, key), suffix...))] = then
			}
		}
		for range rapid.IntRange(0, 30).Draw(rt, "keys") {
			key := rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(rt, "key")
			put(plain.ID, key, nil, "p", "p")
			put(gone.ID, key, nil, "g", "")
			put(list.ID, key, nil, "\x01", "\x01")
			put(list.ID, key, binary.BigEndian.AppendUint64(nil, 0), "e", "new e")
		}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(rt, "rules") {
			for g := range max(before, after) {
				key := string(append(state.AppendKey(nil, uint16(g), shared.ID, nil), name...))
				if g < before {
					entries[key] = "r"
				}
				if g < after {
					want[key] = "r"
				}
			}
		}
		o := saved(t, snapshot.Header{MaxParallelism: before, States: []state.Descriptor{plain, list, shared, gone}}, entries)
		in := lab(t, memStore(t), min(rapid.IntRange(1, 5).Draw(rt, "shards"), after))
		in.o.MaxParallelism = after
		states := &inherited{states: []state.Descriptor{plain, list, shared}, rules: map[uint16]*rule{
			plain.ID: {of: plain}, list.ID: {of: list, convert: convert}, shared.ID: {of: shared, copies: -1}, gone.ID: {of: gone, drop: true},
		}}
		at := &places{positions: map[txn.Partition]int64{{Topic: "l"}: 5}}
		for i := range in.shards {
			at.positions[in.crossing(0, int32(i))], at.positions[in.crossing(1, int32(i))] = 0, 0
		}
		f := found(t, in, o, states, at, scratch)
		d, err := in.decode(f.offsets)
		if err != nil {
			rt.Fatal(err)
		}
		d.positions = at.positions
		in.resume(t, d)
		got := map[string]string{}
		for i, s := range in.shards {
			from, to := in.keyGroups(s)
			err := s.backend.Scan(nil, nil, func(k, v []byte) bool {
				if g := binary.BigEndian.Uint16(k); g < from || g >= to {
					rt.Errorf("shard %d has key group %d, not of %d to %d", i, g, from, to)
				}
				got[string(k)] = string(v)
				return true
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		if !maps.Equal(got, want) {
			rt.Fatalf("got %q\nwant %q", got, want)
		}
		if err := in.stopShards(); err != nil {
			rt.Fatal(err)
		}
	})
}

// The first manifests say all that a task needs to go on, and whose they are; not where secrets are.
func TestFirstManifests(t *testing.T) {
	in := lab(t, memStore(t), 2)
	stages := []checkpoint.StageWatermark{{Operator: "first", From: 0, To: 64, Watermark: 40}, {Operator: "first", From: 64, To: 128, Watermark: 30}, {Operator: "second", From: 0, To: 64, Watermark: 20}}
	h := snapshot.Header{Job: "other", MaxParallelism: 128, Watermarks: stages, Sources: []checkpoint.SourcePosition{
		{Topic: "l", Partition: 0, Offset: 5, Watermark: 50}, {Topic: "r", Partition: 0, Offset: 6, Watermark: 60, Idle: true}, {Topic: "r", Partition: 1, Offset: 7},
	}}
	at := &places{positions: map[txn.Partition]int64{{Topic: "l"}: 5, {Topic: "r"}: 6, {Topic: "r", ID: 1}: 7}}
	for i := range int32(2) {
		at.positions[in.crossing(0, i)], at.positions[in.crossing(1, i)] = 10, 11
	}
	at.goOn(h)
	o := saved(t, h, nil)
	f := found(t, in, o, &inherited{rules: map[uint16]*rule{}}, at, "")
	m, err := in.shards[1].repo.LoadManifest(t.Context(), f.id)
	if err != nil {
		t.Fatal(err)
	}
	if m.Parent != checkpoint.MakeID(f.run, 0) || m.Base.At != m.Parent || m.Job != "lab" || m.Shards != 2 || m.RestoredFrom != "mem://x/job/savepoint/one" {
		t.Errorf("%+v", m)
	}
	if want := stages[1:2]; !reflect.DeepEqual(m.Watermarks, want) {
		t.Errorf("watermarks %v, want %v", m.Watermarks, want)
	}
	inputs := []checkpoint.InputWatermark{{Operator: "by_a", Sender: "l/0", Watermark: 50}, {Operator: "by_b", Sender: "r/0", Watermark: 60, Idle: true}}
	if !reflect.DeepEqual(m.Inputs, inputs) {
		t.Errorf("inputs %v, want %v", m.Inputs, inputs)
	}
	if len(m.Sources) != 2 || m.Sources[0].Offset != 10 || m.Sources[1].Offset != 11 {
		t.Errorf("sources %v", m.Sources)
	}
	if got := f.offsets[txn.Partition{Topic: "r"}].Metadata; got != fmt.Sprintf("weir1:%s;exchange=kafka;wm=60;idle=1", f.id) {
		t.Errorf("beside the offset of r/0: %s", got)
	}
	// In other key groups a stage goes on with the least of what all of its groups had, or anew.
	in.o.MaxParallelism = 10
	want := []checkpoint.StageWatermark{{Operator: "first", To: 10, Watermark: 30}}
	if got := f.watermarks(0, 5); !reflect.DeepEqual(got, want) {
		t.Errorf("in other key groups: %v, want %v", got, want)
	}
	again := &places{}
	if again.goOn(snapshot.Header{Watermarks: []checkpoint.StageWatermark{{Operator: "first", To: 128, Watermark: 1<<63 - 1}}}); again.stages != nil {
		t.Errorf("event time has come to its end: %v", again.stages)
	}
	if again.goOn(snapshot.Header{Drained: true, Watermarks: stages}); !reflect.DeepEqual(again.stages, stages) {
		t.Errorf("behind a drained one event time does not go on: %v", again.stages)
	}
}

// A checkpoint can be started from like a savepoint.
func TestCheckpointAsOrigin(t *testing.T) {
	store := memStore(t)
	run := checkpoint.NewRun()
	repo, err := checkpoint.NewRepository(store, "job", run, checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := state.Descriptor{ID: 1, UID: "u", Name: "n", Kind: state.KindValue}
	key := state.AppendKey(nil, 3, 1, []byte("k"))
	m := checkpoint.Manifest{ID: checkpoint.MakeID(run, 1), States: []state.Descriptor{d}, MaxParallelism: 128, Sources: []checkpoint.SourcePosition{{Topic: "l", Offset: 9}}}
	if m, err = repo.Prepare(t.Context(), m, []state.Entry{{Key: key, Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	for url, storeURL := range map[string]string{
		"file:///data/checkpoints/job/manifest/" + string(m.ID): "file:///data/checkpoints",
		"mem://name/job/manifest/" + string(m.ID):               "mem://name",
		"s3://bucket/job/manifest/" + string(m.ID) + "?r=eu":    "s3://bucket?r=eu",
	} {
		o, err := openOrigin(t.Context(), RestoreFrom{URL: url, OpenStore: func(url string) (checkpoint.Store, error) {
			if url != storeURL {
				t.Errorf("opened %s, want %s", url, storeURL)
			}
			return store, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if h := o.header; h.Job != "job" || h.Sources[0].Offset != 9 || h.States[0] != d || h.Entries() != 1 {
			t.Errorf("%+v", h)
		}
		next, done, err := o.scan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if block, err := next(); len(block) != 1 || err != nil || !bytes.Equal(block[0].Key, key) {
			t.Errorf("%v, %v", block, err)
		}
		if err := done(); err != nil {
			t.Error(err)
		}
	}
}
