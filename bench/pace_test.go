//go:build bench && linux

package bench

import (
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// pace writes so many events a second until it is stopped, and remembers when each was due: the n-th output of a key is
// that of its n-th event, whatever the job does to timestamps.
type pace struct {
	w    *writer
	mu   sync.Mutex
	due  map[string][]time.Time
	quit chan struct{}
	end  func() error // closes quit and waits, once
}

func startPace(t testing.TB, a *admin, topic string, g generator, perSecond int, linger time.Duration, from time.Time) *pace {
	t.Helper()
	w, err := newWriter(a, topic, linger)
	must(t, err)
	p := &pace{w: w, due: map[string][]time.Time{}, quit: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- p.run(g, perSecond, from) }()
	p.end = sync.OnceValue(func() error {
		close(p.quit)
		return <-done
	})
	t.Cleanup(func() { _ = p.stop() })
	return p
}

func (p *pace) run(g generator, perSecond int, from time.Time) error {
	defer p.w.cl.Close()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-p.quit:
			return p.w.flush()
		case now := <-tick.C:
			for {
				at := from.Add(time.Duration(n) * time.Second / time.Duration(perSecond))
				if at.After(now) {
					break
				}
				n++
				key, value := g.next()
				p.mu.Lock()
				p.due[string(key)] = append(p.due[string(key)], at)
				p.mu.Unlock()
				p.w.write(key, value)
			}
		}
	}
}

// stop returns when all that was written has reached the broker.
func (p *pace) stop() error { return p.end() }

// took is how long ago the event of an output was due.
func (p *pace) took(key []byte, now time.Time) (due time.Time, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.due[string(key)]
	if len(d) == 0 {
		return now, false
	}
	p.due[string(key)] = d[1:]
	return d[0], true
}

// left is how many events have had no output yet.
func (p *pace) left() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.due {
		n += len(d)
	}
	return n
}

// tail reads committed outputs as they come and hands each batch on with the time of its arrival, until the test ends.
func tail(t testing.TB, a *admin, topic string, at kgo.Offset, f func(now time.Time, r *kgo.Record)) {
	t.Helper()
	cl, err := a.reader(topic, at)
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			fetches := cl.PollFetches(t.Context())
			if t.Context().Err() != nil || fetches.IsClientClosed() {
				return
			}
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) {
				if !r.Attrs.IsControl() {
					f(now, r)
				}
			})
		}
	}()
	t.Cleanup(func() { cl.Close(); <-ended })
}
