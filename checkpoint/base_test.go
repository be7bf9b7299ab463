package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
)

func baseRepo(t testing.TB, opts checkpoint.Options) (*checkpoint.Repository, *memstore.Store) {
	t.Helper()
	s := memstore.Open("")
	r, err := checkpoint.NewRepository(s, "job", "r1", opts)
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func scanN(n int) func(func(k, v []byte) bool) error {
	return func(fn func(k, v []byte) bool) error {
		for i := range n {
			if !fn(fmt.Appendf(nil, "key%09d", i), make([]byte, 30)) {
				return nil
			}
		}
		return nil
	}
}

func TestBaseIsCutIntoFiles(t *testing.T) {
	ctx := context.Background()
	r, _ := baseRepo(t, checkpoint.Options{BaseFileSize: 200_000})
	at := checkpoint.MakeID("r1", 1)
	base, err := r.WriteBase(ctx, at, scanN(30_000))
	if err != nil {
		t.Fatal(err)
	}
	if len(base.Files) < 6 || base.At != at || base.Size() < 30_000*42 {
		t.Errorf("%d files, %d bytes", len(base.Files), base.Size())
	}
	s, err := r.Stream(ctx, checkpoint.Plan{Target: at, Full: true, Base: base})
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend()
	if err := b.Load(s.Block, string(at)); err != nil || len(b.data) != 30_000 {
		t.Errorf("%d entries, %v", len(b.data), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// together waits, before it writes anything, until so many writers are there at the same time.
type together struct {
	checkpoint.Store
	wg *sync.WaitGroup
}

func (s together) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	s.wg.Done()
	s.wg.Wait()
	return s.Store.Put(ctx, name, write)
}

// TestBaseSideBySide: scans write at the same time, and their files come in the scans' order.
func TestBaseSideBySide(t *testing.T) {
	var wg sync.WaitGroup
	wg.Add(3)
	r, err := checkpoint.NewRepository(together{memstore.Open(""), &wg}, "job", "r1", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	from := func(first, n int) checkpoint.Scan {
		return func(fn func(k, v []byte) bool) error {
			for i := range n {
				fn(fmt.Appendf(nil, "key%09d", first+i), []byte("v"))
			}
			return nil
		}
	}
	at := checkpoint.MakeID("r1", 1)
	base, err := r.WriteBase(t.Context(), at, from(0, 1000), from(1000, 0), from(1000, 5), from(1005, 2000))
	if err != nil || len(base.Files) != 3 {
		t.Fatalf("%+v, %v", base, err)
	}
	s, err := r.Stream(t.Context(), checkpoint.Plan{Target: at, Full: true, Base: base})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3005 {
		if e, ok, err := s.Next(); err != nil || !ok || string(e.Key) != fmt.Sprintf("key%09d", i) {
			t.Fatalf("entry %d: %q, %t, %v", i, e.Key, ok, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestBaseSideBySideStops: one scan that fails ends the others, and nothing is left.
func TestBaseSideBySideStops(t *testing.T) {
	mine := errors.New("mine")
	r, raw := baseRepo(t, checkpoint.Options{BaseFileSize: 100_000})
	endless := func(fn func(k, v []byte) bool) error {
		for i := 0; fn(fmt.Appendf(nil, "key%09d", i), make([]byte, 30)); i++ {
		}
		return nil
	}
	id := checkpoint.MakeID("r1", 1)
	if _, err := r.WriteBase(t.Context(), id, endless, func(func(k, v []byte) bool) error { return mine }, endless); !errors.Is(err, mine) {
		t.Errorf("error %v, want %v", err, mine)
	}
	wantNothingLeft(t, r, raw, id)
}

func TestBaseOfNothing(t *testing.T) {
	ctx := context.Background()
	for _, scans := range [][]checkpoint.Scan{{scanN(0)}, nil} {
		r, _ := baseRepo(t, checkpoint.Options{BaseRate: 1 << 20})
		first := checkpoint.MakeID("r1", 1)
		if _, err := r.Prepare(ctx, checkpoint.Manifest{ID: first}, nil); err != nil {
			t.Fatal(err)
		}
		base, err := r.WriteBase(ctx, first, scans...)
		if err != nil || base.At != first || len(base.Files) != 0 {
			t.Fatalf("%d scans: %+v, %v", len(scans), base, err)
		}
		second := checkpoint.MakeID("r1", 2)
		if _, err := r.Prepare(ctx, checkpoint.Manifest{ID: second, Parent: first, Base: base}, nil); err != nil {
			t.Fatal(err)
		}
		if p, err := r.Plan(ctx, second, ""); err != nil || len(p.Deltas) != 1 {
			t.Errorf("%d scans: %v, %v", len(scans), p, err)
		}
	}
}

func TestBaseStops(t *testing.T) {
	mine := errors.New("mine")
	for name, test := range map[string]struct {
		rate int64
		at   int // failing operation
		scan func(cancel func()) func(func(k, v []byte) bool) error
		want error
	}{
		"cancelled": {0, -1, func(cancel func()) func(func(k, v []byte) bool) error {
			return func(fn func(k, v []byte) bool) error { cancel(); return scanN(10_000)(fn) }
		}, context.Canceled},
		"cancelled while throttled": {1, -1, func(cancel func()) func(func(k, v []byte) bool) error {
			time.AfterFunc(20*time.Millisecond, cancel)
			return scanN(10_000)
		}, context.Canceled},
		"scan fails": {0, -1, func(func()) func(func(k, v []byte) bool) error {
			return func(fn func(k, v []byte) bool) error { _ = scanN(5_000)(fn); return mine }
		}, mine},
		"store fails": {0, 2, func(func()) func(func(k, v []byte) bool) error { return scanN(50_000) }, storetest.ErrInjected},
	} {
		t.Run(name, func(t *testing.T) {
			raw := memstore.Open("")
			s := storetest.NewInjector(raw, test.at, storetest.Halfway, false)
			r, err := checkpoint.NewRepository(s, "job", "r1", checkpoint.Options{BaseFileSize: 100_000, BaseRate: test.rate})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			id := checkpoint.MakeID("r1", 1)
			_, err = r.WriteBase(ctx, id, test.scan(cancel))
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), string(id)) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			wantNothingLeft(t, r, raw, id)
		})
	}
}

// wantNothingLeft: the files of a base that failed are garbage at once.
func wantNothingLeft(t *testing.T, r *checkpoint.Repository, raw checkpoint.Store, id checkpoint.ID) {
	t.Helper()
	ctx := context.Background()
	if _, err := r.Prepare(ctx, checkpoint.Manifest{ID: id}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.NewCollector(r).Collect(ctx, id, 1); err != nil {
		t.Fatal(err)
	}
	if infos, err := raw.List(ctx, ""); err != nil || len(infos) != 1 {
		t.Errorf("left: %v, %v", infos, err)
	}
}

func TestBaseRate(t *testing.T) {
	r, _ := baseRepo(t, checkpoint.Options{BaseRate: 4 << 20})
	start := time.Now()
	base, err := r.WriteBase(context.Background(), checkpoint.MakeID("r1", 1), scanN(10_000))
	if want := time.Duration(float64(base.Size()) / (4 << 20) * float64(time.Second)); err != nil || time.Since(start) < want*9/10 {
		t.Errorf("%d bytes took %v, want at least %v; %v", base.Size(), time.Since(start), want, err)
	}
}

func TestBasePolicy(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		stats checkpoint.BaseStats
		want  checkpoint.Due
	}{
		{checkpoint.BaseStats{}, checkpoint.DueNothing},
		{checkpoint.BaseStats{Deltas: 500, DeltaBytes: 32 * mib}, checkpoint.DueNothing},
		{checkpoint.BaseStats{Deltas: 501}, checkpoint.DueSnapshot},
		{checkpoint.BaseStats{Deltas: 501, DeltaBytes: 9, BaseBytes: 10}, checkpoint.DueFold},
		{checkpoint.BaseStats{Deltas: 501, DeltaBytes: 9, ChangeBytes: 1, BaseBytes: 10}, checkpoint.DueSnapshot},
		{checkpoint.BaseStats{Deltas: 1, DeltaBytes: 32*mib + 1}, checkpoint.DueSnapshot},
		{checkpoint.BaseStats{Deltas: 1, DeltaBytes: 32 * mib, ChangeBytes: 68 * mib, BaseBytes: 100 * mib}, checkpoint.DueNothing},
		{checkpoint.BaseStats{Deltas: 1, DeltaBytes: 32*mib + 1, ChangeBytes: 60 * mib, BaseBytes: 100 * mib}, checkpoint.DueFold},
		{checkpoint.BaseStats{Deltas: 1, DeltaBytes: 1, ChangeBytes: 100 * mib, BaseBytes: 100 * mib}, checkpoint.DueSnapshot},
	} {
		if got := (checkpoint.BasePolicy{}).Due(test.stats); got != test.want {
			t.Errorf("%+v: due %v, want %v", test.stats, got, test.want)
		}
	}
	if (checkpoint.BasePolicy{MinBytes: 10, MaxDeltas: 3}).Due(checkpoint.BaseStats{DeltaBytes: 11}) != checkpoint.DueSnapshot {
		t.Error("the limits are not used")
	}
}
