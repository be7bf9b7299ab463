package pebble

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weirstream/weir/state"
)

func TestBlockCacheFits(t *testing.T) {
	c := newBlockCache(Options{CacheBytes: 32 << 20}.withDefaults())
	defer c.cache.Unref()
	for _, s := range []struct{ disk, want int64 }{{0, 32}, {100, 32}, {127, 32}, {160, 40}, {200, 50}, {10_000, 64}, {1, 32}} {
		if c.fit(s.disk << 20); c.size != s.want<<20 {
			t.Errorf("%d MiB on disk: %d MiB, want %d", s.disk, c.size>>20, s.want)
		}
	}
}

// A large state has more of itself in memory than a small one would.
func TestBlockCacheGrows(t *testing.T) {
	const size, memTable = 4 << 20, 1 << 20
	b, err := Open(t.TempDir(), Options{JobID: "job", CacheBytes: size, MemTableBytes: memTable})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	random, i := rand.NewChaCha8([32]byte{1}), 0
	err = b.Load(state.InBlocks(func() (state.Entry, bool, error) {
		value := make([]byte, 1000)
		if _, err := random.Read(value); err != nil {
			return state.Entry{}, false, err
		}
		i++
		return state.Entry{Key: fmt.Appendf(nil, "%08d", i), Value: value}, i <= 40_000, nil
	}), "loaded")
	if err != nil {
		t.Fatal(err)
	}
	held := func() int64 {
		if err := b.Scan(nil, nil, func(_, _ []byte) bool { return true }); err != nil {
			t.Fatal(err)
		}
		return b.blocks.cache.Size()
	}
	b.blocks.fit(0) // Load has looked at its end
	before := held()
	if err := b.Apply([]state.Entry{{Key: []byte("a"), Value: []byte("b")}}, "m"); err != nil { // looks at what there is
		t.Fatal(err)
	}
	after := held()
	if most := int64(size + memTables*memTable); before > most {
		t.Errorf("%d bytes before, want %d at most", before, most)
	}
	if most := int64(2*size + memTables*memTable); after < before+size*3/4 || after > most {
		t.Errorf("%d bytes, want about %d more than the %d before, and no more than %d", after, size, before, most)
	}
}
