//go:build bench && linux

package bench

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	largeRate  = 10_000 // events, of nearly as many keys, a second and an epoch
	smallState = 10_000 // keys
	settleTime = 10 * time.Minute
)

// TestBenchLarge changes ten thousand keys an epoch, among a few and among ten million (BENCH_KEYS), and measures what a checkpoint takes and
// for how long a record may have to wait for its turn: from when it was due to when it was processed, as the job's own clock says.
func TestBenchLarge(t *testing.T) {
	if !wanted("large") {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	b := processors(t)[0]
	var s strings.Builder
	s.WriteString("| keys | checkpoints MiB | local state MiB | pause of a barrier p50 ms | p99 ms | max ms | processed after p50 ms | p99 ms | p99.9 ms | max ms | barrier to decision p50 ms | p99 ms | max ms | cores | RSS MiB |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for round := range number(t, "ROUNDS", 3) {
		for _, keys := range []int{smallState, number(t, "KEYS", 10_000_000)} {
			l := largeRun(t, a, b, keys, round)
			fmt.Fprintf(&s, "| %d | %.0f | %.0f | %.1f | %.1f | %.1f | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f | %.1f | %.2f | %.0f |\n", keys, l.stored, l.local,
				percentile(l.pause, 0.5), percentile(l.pause, 0.99), percentile(l.pause, 1),
				percentile(l.end, 0.5), percentile(l.end, 0.99), percentile(l.end, 0.999), percentile(l.end, 1),
				percentile(l.commit, 0.5), percentile(l.commit, 0.99), percentile(l.commit, 1), l.cores, l.rss)
		}
	}
	t.Logf("\n%s", s.String())
	publish(t, "large", s.String())
}

type large struct {
	latencies
	pause              []float64 // ms, sorted
	stored, local, rss float64   // MiB
}

func largeRun(t *testing.T, a *admin, b binary, keys, round int) (l large) {
	t.Helper()
	name := fmt.Sprintf("large-%d-%d", keys, round+1)
	in := &input{topic: name + "-in", records: keys, source: func() generator { return newLongEvents(keys, true) }}
	out := name + "-out"
	must(t, in.fill(a))
	must(t, a.create(out, nil))
	defer func() { a.drop(in.topic, name); a.drop(out, "") }()
	folder := filepath.Join(scratch, name)
	p := weir{binary: b, name: name, job: "classify", in: in.topic, out: out, interval: time.Second, folder: folder, more: []string{"WEIR_LOG_LEVEL=debug"}}.start(t)
	filled := time.Now()
	_, err := watch(p, in, func() (int64, error) { return a.committed(name, in.topic) })
	must(t, err)
	t.Logf("%d keys filled in %.0f s", keys, time.Since(filled).Seconds())
	settle(t, p)

	begin := time.Now()
	measured := begin.Add(warmUpTime)
	feed := startPace(t, a, in.topic, newLongEvents(keys, false), largeRate, begin)
	var mu sync.Mutex
	tail(t, a, out, kgo.NewOffset().AtEnd(), func(now time.Time, r *kgo.Record) {
		mu.Lock()
		defer mu.Unlock()
		if due, known := feed.took(r.Key, now); known && due.After(measured) {
			l.end = append(l.end, max(0, processedAt(t, r.Value).Sub(due).Seconds()*1000))
		}
	})
	time.Sleep(time.Until(measured))
	from := snapshot(p)
	time.Sleep(time.Duration(number(t, "SECONDS", 60)) * time.Second)
	to := snapshot(p)
	must(t, p.failed())
	must(t, feed.stop())
	for patience := time.Now().Add(20 * time.Second); feed.left() > 0 && time.Now().Before(patience); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := feed.left(); n > 0 {
		t.Errorf("%d events had no output", n)
	}
	l.rss = memory(p.pid(), "VmRSS")
	l.stored, l.local = folderMiB(filepath.Join(folder, "checkpoints")), folderMiB(filepath.Join(folder, "state"))
	p.stop()
	showProfile(t, b.path, name)
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(l.end)
	lines := readLog(t, p, measured)
	l.commit, l.pause = commits(lines), pauses(lines)
	l.cores, _ = coresBetween(from, to)
	return l
}

// settle waits until what the filling has left to do in the background, compaction and a snapshot, is done.
func settle(t *testing.T, p *process) {
	t.Helper()
	const look, idle = 5 * time.Second, 0.1 // of a core
	began := time.Now()
	for before := cpuOf(p.pid()); ; {
		time.Sleep(look)
		must(t, p.failed())
		now := cpuOf(p.pid())
		if (now-before)/look.Seconds() < idle {
			t.Logf("settled after %.0f s", time.Since(began).Seconds())
			return
		}
		if time.Since(began) > settleTime {
			t.Fatalf("still busy after %v", settleTime)
		}
		before = now
	}
}

// processedAt is the createdAt of an output: when the event was added to its key's sum.
func processedAt(t testing.TB, value []byte) time.Time {
	const field = `"createdAt":`
	_, rest, _ := bytes.Cut(value, []byte(field))
	digits, _, _ := bytes.Cut(rest, []byte(","))
	ms, err := strconv.ParseInt(string(digits), 10, 64)
	must(t, err)
	return time.UnixMilli(ms)
}

// longEvents are events whose keys have sixty bytes, as account numbers with their prefixes do.
type longEvents struct {
	*events
}

func newLongEvents(keys int, swept bool) *longEvents { return &longEvents{newEvents(keys, swept)} }

func (g *longEvents) next() (key, value []byte) {
	key, value = g.events.next()
	long := fmt.Appendf(nil, "customer-account-of-the-northern-branch-%020s", key)
	return long, bytes.Replace(value, key, long, 1)
}
