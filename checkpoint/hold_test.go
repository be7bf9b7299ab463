package checkpoint_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// garbageOf makes a repository with two checkpoints, the first of which is garbage at the second.
func garbageOf(t *testing.T, s checkpoint.Store, opts checkpoint.Options) (c *checkpoint.Collector, decided checkpoint.ID) {
	t.Helper()
	r, err := checkpoint.NewRepository(s, "job", "r1", opts)
	if err != nil {
		t.Fatal(err)
	}
	mustPrepare(t, r, checkpoint.MakeID("r1", 1), "")
	base, err := r.WriteBase(t.Context(), checkpoint.MakeID("r1", 1), scanN(3))
	if err != nil {
		t.Fatal(err)
	}
	decided = checkpoint.MakeID("r1", 2)
	if _, err := r.Prepare(t.Context(), checkpoint.Manifest{ID: decided, Parent: checkpoint.MakeID("r1", 1), Base: base}, nil); err != nil {
		t.Fatal(err)
	}
	return checkpoint.NewCollector(r), decided
}

// TestHold: nobody deletes anything of the job while it is held, in no shard; afterwards all of it goes.
func TestHold(t *testing.T) {
	for _, opts := range []checkpoint.Options{{}, {Shard: "3"}} {
		ctx, s := t.Context(), memstore.Open("")
		c, decided := garbageOf(t, s, opts)
		reader, err := checkpoint.NewRepository(s, "job", "", checkpoint.Options{})
		if err != nil {
			t.Fatal(err)
		}
		first, err := reader.Hold(ctx, "before-upgrade")
		if err != nil {
			t.Fatal(err)
		}
		second, err := reader.Hold(ctx, "before-upgrade")
		if err != nil {
			t.Fatal(err)
		}
		for _, release := range []func(context.Context) error{first, second} {
			p, err := c.Collect(ctx, decided, 1)
			if err != nil || len(p.Held) == 0 || !strings.HasPrefix(p.Held[0], "before-upgrade-") || !strings.Contains(p.String(), "held by before-upgrade-") {
				t.Errorf("shard %q: %v, %v", opts.Shard, p, err)
			}
			if left, err := s.List(ctx, ""); err != nil || len(left) < 4 {
				t.Errorf("shard %q: only %v is left: %v", opts.Shard, left, err)
			}
			if err := release(ctx); err != nil {
				t.Error(err)
			}
		}
		if p, err := c.Collect(ctx, decided, 1); err != nil || len(p.Held) > 0 || len(p.Delete) != 1 {
			t.Errorf("shard %q, released: %v, %v", opts.Shard, p, err)
		}
		if left, err := s.List(ctx, "job/hold/"); err != nil || len(left) > 0 {
			t.Errorf("left of the holds: %v, %v", left, err)
		}
	}
}

// TestHoldLapses: a holder that was killed keeps garbage for a while only, one that lives for as long as it wants.
func TestHoldLapses(t *testing.T) {
	ctx, s := t.Context(), memstore.Open("")
	c, decided := garbageOf(t, s, checkpoint.Options{})
	now := time.Now()
	c.SetNowForTest(func() time.Time { return now })
	for renewed := range 3 {
		if err := storetest.Put(s, "job/hold/x-r9", fmt.Append(nil, renewed)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if p, err := c.Collect(ctx, decided, 1); err != nil || len(p.Held) != 1 {
				t.Fatalf("%v, %v", p, err)
			}
			now = now.Add(9 * time.Minute)
		}
		now = now.Add(-9 * time.Minute)
	}
	now = now.Add(2 * time.Minute)
	if p, err := c.Collect(ctx, decided, 1); err != nil || len(p.Held) > 0 || len(p.Delete) != 1 {
		t.Errorf("%v, %v", p, err)
	}
}

func TestHoldRefuses(t *testing.T) {
	r, _ := baseRepo(t, checkpoint.Options{})
	for _, name := range []string{"", "../x", "a/b", ".x"} {
		if release, err := r.Hold(t.Context(), name); err == nil || release != nil || !strings.Contains(err.Error(), "hold the files of job") {
			t.Errorf("%q: %v", name, err)
		}
	}
	s := storetest.NewInjector(memstore.Open(""), 0, storetest.Before, false)
	broken, err := checkpoint.NewRepository(s, "job", "", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broken.Hold(t.Context(), "x"); err == nil {
		t.Error("a hold that could not be put was given")
	}
}
