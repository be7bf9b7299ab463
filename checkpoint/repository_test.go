package checkpoint_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// backend is the least that a Target can be.
type backend struct {
	marker string
	data   map[string]string
}

func newBackend() *backend { return &backend{data: map[string]string{}} }

func (b *backend) Apply(entries []state.Entry, marker string) error {
	for _, e := range entries {
		if e.Delete {
			delete(b.data, string(e.Key))
		} else {
			b.data[string(e.Key)] = string(e.Value)
		}
	}
	b.marker = marker
	return nil
}

func (b *backend) Load(next state.Blocks, marker string) error {
	data := map[string]string{}
	var last []byte
	for {
		entries, err := next()
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			if last != nil && bytes.Compare(e.Key, last) <= 0 {
				return fmt.Errorf("key %x after %x", e.Key, last)
			}
			last = e.Key
			data[string(e.Key)] = string(e.Value)
		}
	}
	b.data, b.marker = data, marker
	return nil
}

func mustRepo(t testing.TB, url, run string, opts checkpoint.Options) *checkpoint.Repository {
	t.Helper()
	s, err := checkpoint.OpenStore(url)
	if err != nil {
		t.Fatal(err)
	}
	r, err := checkpoint.NewRepository(s, "job", run, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(key, value string) state.Entry { return state.Entry{Key: []byte(key), Value: []byte(value)} }
func del(key string) state.Entry        { return state.Entry{Key: []byte(key), Delete: true} }

func TestRoundTrip(t *testing.T) {
	for _, limit := range []int{1, 0} {
		for _, url := range []string{"mem://", "file://" + t.TempDir()} {
			t.Run(fmt.Sprint(limit, url), func(t *testing.T) {
				roundTrip(t, mustRepo(t, url, "r1", checkpoint.Options{InlineLimit: limit, BaseFileSize: 100}))
			})
		}
	}
}

func roundTrip(t *testing.T, r *checkpoint.Repository) {
	ctx := context.Background()
	live := newBackend()
	var parent checkpoint.ID
	var base checkpoint.BaseRef
	for epoch := uint64(1); epoch <= 9; epoch++ {
		id := checkpoint.MakeID("r1", epoch)
		var entries []state.Entry
		if epoch%3 != 0 {
			entries = []state.Entry{put("a", fmt.Sprint(epoch)), put(fmt.Sprintf("k%d", epoch), "x")}
		}
		if epoch == 5 {
			entries = append(entries, del("k6"), del("z"))
		}
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: id, Parent: parent, Base: base}, entries)
		if err != nil {
			t.Fatal(err)
		}
		if err := live.Apply(entries, string(id)); err != nil {
			t.Fatal(err)
		}
		if epoch == 4 {
			if base, err = r.WriteBase(ctx, id, scanOf(live)); err != nil {
				t.Fatal(err)
			}
		}
		parent = m.ID
	}
	for _, marker := range []checkpoint.ID{"", checkpoint.MakeID("r1", 4), checkpoint.MakeID("r1", 9), checkpoint.MakeID("other", 9)} {
		got := newBackend()
		p, err := r.Plan(ctx, parent, marker)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(p)
		if err := r.Restore(ctx, p, got); err != nil {
			t.Fatal(err)
		}
		if p.Full && fmt.Sprint(got.data) != fmt.Sprint(live.data) {
			t.Errorf("marker %q: got %v, want %v", marker, got.data, live.data)
		}
	}
	if n := len(base.Files); n < 1 {
		t.Errorf("base has %d files", n)
	}
}
