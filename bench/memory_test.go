//go:build bench && linux

package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// lead is how many records the input of the memory run is ahead of the job: enough that it is never out of work, few
// enough that retention deletes none that it has not read.
const lead = 500_000

// TestBenchMemory runs classify at full speed with default settings for a long time.
func TestBenchMemory(t *testing.T) {
	if !wanted("memory") {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	short := map[string]string{"retention.bytes": "134217728", "segment.bytes": "33554432"} // of each partition
	must(t, a.create("memory-in", short))
	must(t, a.create("memory-out", short))
	defer func() { a.drop("memory-in", "memory"); a.drop("memory-out", "") }()
	keys := number(t, "KEYS", 1_000_000)
	var written atomic.Int64
	stop := flood(t, a, "memory-in", newEvents(keys, true), "memory", &written)

	b := processors(t)[0]
	p := weir{binary: b, name: "memory", job: "classify", in: "memory-in", out: "memory-out", interval: time.Second,
		folder: filepath.Join(scratch, "memory")}.start(t)
	minutes := number(t, "MINUTES", 10)
	var s strings.Builder
	s.WriteString("| after | records | records/s so far (thousands) | RSS MiB | peak RSS MiB | state on disk MiB |\n|---|---|---|---|---|---|\n")
	report := func() {
		n, err := a.committed("memory", "memory-in")
		must(t, err)
		passed := time.Since(p.began)
		line := fmt.Sprintf("| %v | %.1f M | %.0f | %.0f | %.0f | %.0f |", passed.Round(time.Second), float64(n)/1e6,
			float64(n)/passed.Seconds()/1000, memory(p.pid(), "VmRSS"), memory(p.pid(), "VmHWM"), folderMiB(filepath.Join(scratch, "memory")))
		t.Log(line)
		s.WriteString(line + "\n")
	}
	from := snapshot(p)
	for range minutes * 4 {
		time.Sleep(15 * time.Second)
		must(t, p.failed())
		report()
	}
	to := snapshot(p)
	stop()
	n, err := a.committed("memory", "memory-in")
	must(t, err)
	cores, others := coresBetween(from, to)
	p.stop()
	showProfile(t, b.path, "memory")
	fmt.Fprintf(&s, "\n%d keys, %d records committed of %d written; %.2f cores, others %.2f.\n", keys, n, written.Load(), cores, others)
	t.Logf("\n%s", s.String())
	publish(t, "memory", s.String())
}

// flood writes as fast as the group commits, up to lead records ahead of it, until the returned function is called.
func flood(t testing.TB, a *admin, topic string, g generator, group string, written *atomic.Int64) (stop func()) {
	t.Helper()
	w, err := newWriter(a, topic, 20*time.Millisecond)
	must(t, err)
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		defer w.cl.Close()
		for {
			select {
			case <-quit:
				done <- w.flush()
				return
			default:
			}
			n, err := a.committed(group, topic)
			if err != nil || written.Load()-n > lead { // at first there is no group
				time.Sleep(20 * time.Millisecond)
				continue
			}
			for range lead / 10 {
				w.write(g.next())
			}
			written.Add(lead / 10)
		}
	}()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			close(quit)
			must(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}
