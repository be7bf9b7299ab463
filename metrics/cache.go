package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
)

// cache keeps the metric of each label value. Looking up a known one is an atomic load and a map read, without
// a lock and without allocation; a new one copies the map, which happens a handful of times in a process's life.
type cache[K comparable, V any] struct {
	make  func(K) V
	mu    sync.Mutex // for writers
	known atomic.Pointer[map[K]V]
}

func (c *cache[K, V]) get(key K) V {
	if known := c.known.Load(); known != nil {
		if v, ok := (*known)[key]; ok {
			return v
		}
	}
	return c.add(key)
}

func (c *cache[K, V]) add(key K) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[K]V{}
	if known := c.known.Load(); known != nil {
		if v, ok := (*known)[key]; ok {
			return v
		}
		next = maps.Clone(*known)
	}
	v := c.make(key)
	next[key] = v
	c.known.Store(&next)
	return v
}

// clear forgets all, together with what drop forgets, so that no writer sees one without the other.
func (c *cache[K, V]) clear(drop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	drop()
	c.known.Store(nil)
}
