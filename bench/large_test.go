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
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	largeRate   = 10_000 // events, of nearly as many keys, a second and an epoch
	largeLinger = 20 * time.Millisecond
	smallState  = 10_000 // keys
	settleTime  = 10 * time.Minute
	snapshotMsg = "base snapshot to the checkpoint store"
)

// TestBenchLarge changes ten thousand keys an epoch, among a few and among ten million (BENCH_KEYS), and measures what a checkpoint takes and
// for how long a record may have to wait for its turn: from when it was due to when it was processed, as the job's own clock says.
func TestBenchLarge(t *testing.T) {
	if !wanted("large") {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	var s strings.Builder
	s.WriteString("| run | keys | beside a snapshot | checkpoints MiB | local state MiB | pause of a barrier p50 ms | p99 ms | max ms | processed after p50 ms | p99 ms | p99.9 ms | max ms | barrier to decision p50 ms | p99 ms | max ms | cores | other cores | RSS MiB |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for round := range number(t, "ROUNDS", 3) {
		for _, b := range processors(t) {
			for _, keys := range []int{smallState, number(t, "KEYS", 10_000_000)} {
				name := fmt.Sprintf("large-%s-%d-%d", b.name, keys, round+1)
				// In a test of its own, so that nothing of it is left beside the next one: a reader of a topic that is gone keeps a broker busy.
				t.Run(name, func(t *testing.T) {
					for _, l := range largeRun(t, a, b, name, keys) {
						fmt.Fprintf(&s, "| %s, run %d | %d | %s | %.0f | %.0f | %.1f | %.1f | %.1f | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f | %.1f | %.2f | %.2f | %.0f |\n", b.name, round+1, keys,
							l.snapshot, l.stored, l.local, percentile(l.pause, 0.5), percentile(l.pause, 0.99), percentile(l.pause, 1),
							percentile(l.end, 0.5), percentile(l.end, 0.99), percentile(l.end, 0.999), percentile(l.end, 1),
							percentile(l.commit, 0.5), percentile(l.commit, 0.99), percentile(l.commit, 1), l.cores, l.others, l.rss)
					}
				})
			}
		}
	}
	t.Logf("\n%s", s.String())
	publish(t, "large", s.String())
}

type large struct {
	latencies
	snapshot           string
	pause              []float64 // ms, sorted
	stored, local, rss float64   // MiB
}

// largeRun measures, and again if a snapshot of the base was written beside that: one that the filling made due begins when it likes.
func largeRun(t *testing.T, a *admin, b binary, name string, keys int) (runs []large) {
	t.Helper()
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
	feed := startPace(t, a, in.topic, newLongEvents(keys, false), largeRate, largeLinger, begin)
	var mu sync.Mutex
	var waits []wait
	tail(t, a, out, kgo.NewOffset().AtEnd(), func(now time.Time, r *kgo.Record) {
		mu.Lock()
		defer mu.Unlock()
		if due, known := feed.took(r.Key, now); known {
			waits = append(waits, wait{due: due, ms: max(0, processedAt(t, r.Value).Sub(due).Seconds()*1000)})
		}
	})
	time.Sleep(time.Until(begin.Add(warmUpTime)))
	measure := func() {
		l, from, since := large{snapshot: "no"}, snapshot(p), time.Now()
		if snapshotUnderWay(t, p) {
			l.snapshot = "yes"
		}
		time.Sleep(time.Duration(number(t, "SECONDS", 60)) * time.Second)
		must(t, p.failed())
		l.cores, l.others = coresBetween(from, snapshot(p))
		l.rss = memory(p.pid(), "VmRSS")
		l.stored, l.local = folderMiB(filepath.Join(folder, "checkpoints")), folderMiB(filepath.Join(folder, "state"))
		mu.Lock()
		defer mu.Unlock()
		for _, w := range waits {
			if w.due.After(since) {
				l.end = append(l.end, w.ms)
			}
		}
		slices.Sort(l.end)
		lines := readLog(t, p, since)
		if l.snapshot == "no" && slices.ContainsFunc(lines, func(l logLine) bool { return strings.HasPrefix(l.Msg, snapshotMsg) }) {
			l.snapshot = "in part"
		}
		l.commit, l.pause = commits(lines), pauses(lines)
		runs = append(runs, l)
	}
	measure()
	if runs[0].snapshot != "no" {
		for began := time.Now(); snapshotUnderWay(t, p); time.Sleep(time.Second) {
			must(t, p.failed())
			if time.Since(began) > settleTime {
				t.Fatalf("a snapshot is still written after %v", settleTime)
			}
		}
		time.Sleep(warmUpTime)
		measure()
	}
	must(t, feed.stop())
	for patience := time.Now().Add(20 * time.Second); feed.left() > 0 && time.Now().Before(patience); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := feed.left(); n > 0 {
		t.Errorf("%d events had no output", n)
	}
	p.stop()
	showProfile(t, b.path, name)
	return runs
}

// wait is for how long an event waited to be processed, which was due then.
type wait struct {
	due time.Time
	ms  float64
}

// snapshotUnderWay says whether the job is writing a snapshot; one that is young may be missed.
func snapshotUnderWay(t testing.TB, p *process) (yes bool) {
	t.Helper()
	for _, l := range readLog(t, p, time.Time{}) {
		switch l.Msg {
		case snapshotMsg:
			yes = true
		case snapshotMsg + " has ended":
			yes = false
		}
	}
	return yes
}

// settle waits until what the filling has left to do in the background, compaction, a snapshot and what the kernel has not written yet, is done.
func settle(t *testing.T, p *process) {
	t.Helper()
	const look, idle = 5 * time.Second, 0.1 // of a core
	began := time.Now()
	for before := cpuOf(p.pid()); ; {
		time.Sleep(look)
		must(t, p.failed())
		now := cpuOf(p.pid())
		if (now-before)/look.Seconds() < idle {
			syscall.Sync()
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
