package pebble

import "github.com/cockroachdb/pebble/v2"

// blockCache is Pebble's, with room that is kept back until the state is large. Filters and index blocks of all tables are read for nearly every Get and grow
// with the state: when they don't fit any more each Get reads some of them anew, up to a megabyte each.
type blockCache struct {
	cache *pebble.Cache
	least int64  // bytes
	size  int64  // bytes, now
	back  func() // gives back the room that is kept from it
}

func newBlockCache(o Options) *blockCache {
	// Pebble takes memtables out of the cache's budget: a cache that is not larger than they are would be none.
	c := &blockCache{cache: pebble.NewCache(2*o.CacheBytes + memTables*int64(o.MemTableBytes)), least: o.CacheBytes}
	c.fit(0)
	return c
}

// fit makes it a quarter of what the state takes on disk, but no less than CacheBytes and no more than twice that. One goroutine at a time calls it.
func (c *blockCache) fit(disk int64) {
	const step = 1 << 20
	size := min(max(disk/4/step*step, c.least), 2*c.least)
	if size == c.size {
		return
	}
	if c.back != nil {
		c.back()
	}
	c.size, c.back = size, c.cache.Reserve(int(2*c.least-size))
}
