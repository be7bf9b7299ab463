//go:build integration

package integration

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// repartitionTopic is that of the word count.
func (j *job) repartitionTopic() string { return j.id + "-by_word-repartition" }

// pace watches how a group's committed offsets move on, and so for how long each partition stands still while there is always more to do.
type pace struct {
	mu   sync.Mutex
	last map[string]*pause
}

type pause struct {
	offset  int64
	since   time.Time
	longest time.Duration
}

func watchPace(t testing.TB, a *admin, group string, topics ...string) *pace {
	p := &pace{last: map[string]*pause{}}
	quit, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(quit); <-done })
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-time.After(50 * time.Millisecond):
			}
			ctx, cancel := ask()
			all, err := a.cl.FetchOffsets(ctx, group)
			cancel()
			if err != nil {
				continue // the broker may be about to die
			}
			for _, topic := range topics {
				for partition, o := range all[topic] {
					p.saw(fmt.Sprintf("%s/%d", topic, partition), o.At)
				}
			}
		}
	}()
	return p
}

func (p *pace) saw(partition string, offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	l := p.last[partition]
	switch {
	case l == nil:
		p.last[partition] = &pause{offset: offset, since: now}
	case l.offset != offset:
		l.longest = max(l.longest, now.Sub(l.since))
		l.offset, l.since = offset, now
	}
}

// reset forgets how long partitions have paused so far.
func (p *pace) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.last {
		l.longest = 0
	}
}

// longest are the longest pauses of the partitions, sorted; ones that last are included.
func (p *pace) longest() (all []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.last {
		all = append(all, max(l.longest, time.Since(l.since)))
	}
	slices.Sort(all)
	return all
}

// moved waits until each partition has been committed further since then.
func (p *pace) moved(t testing.TB, since time.Time) {
	t.Helper()
	eventually(t, 10*time.Minute, "all partitions to move on", func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		for name, l := range p.last {
			if !l.since.After(since) {
				return fmt.Errorf("%s stands at %d", name, l.offset)
			}
		}
		return nil
	})
}
