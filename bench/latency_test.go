//go:build bench && linux

package bench

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	latencyRate = 5000
	warmUpTime  = 10 * time.Second
)

// latencies is what a latency run comes to, in sorted ms.
type latencies struct {
	end, commit     []float64 // from when an event was due to its output at a reader; from barrier to decision
	missing, strays int
	cores, others   float64
}

func TestBenchLatency(t *testing.T) {
	if !wanted("latency") {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	var s strings.Builder
	s.WriteString("| run | end to end p50 ms | p99 ms | p99.9 ms | max ms | barrier to decision p50 ms | p99 ms | cores | other cores |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, b := range processors(t) {
		for round := range number(t, "ROUNDS", 3) {
			l := latencyRun(t, a, b, round)
			fmt.Fprintf(&s, "| classify 100 ms, %s, run %d | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f | %.2f | %.2f |\n", b.name, round+1,
				percentile(l.end, 0.5), percentile(l.end, 0.99), percentile(l.end, 0.999), percentile(l.end, 1),
				percentile(l.commit, 0.5), percentile(l.commit, 0.99), l.cores, l.others)
			t.Logf("run %d: %d events, %d commits", round+1, len(l.end), len(l.commit))
			if l.missing > 0 || l.strays > 0 {
				t.Errorf("%d events had no output, %d outputs had no event", l.missing, l.strays)
			}
		}
	}
	t.Logf("\n%s", s.String())
	publish(t, "latency", s.String())
}

func latencyRun(t *testing.T, a *admin, b binary, round int) (l latencies) {
	t.Helper()
	t.Run(fmt.Sprintf("%s-%d", b.name, round+1), func(t *testing.T) {
		name := fmt.Sprintf("latency-%s-%d", b.name, round+1)
		in, out := name+"-in", name+"-out"
		must(t, a.create(in, nil))
		must(t, a.create(out, nil))
		defer func() { a.drop(in, name); a.drop(out, name) }()
		p := weir{binary: b, name: name, job: "classify", in: in, out: out, interval: 100 * time.Millisecond,
			folder: filepath.Join(scratch, name), more: []string{"WEIR_LOG_LEVEL=debug"}}.start(t)
		p.ready(time.Minute)
		begin := time.Now()
		measured, stop := begin.Add(warmUpTime), begin.Add(warmUpTime+time.Duration(number(t, "SECONDS", 30))*time.Second)
		feed := startPace(t, a, in, newEvents(classifyKeys, false), latencyRate, time.Millisecond, begin)
		var mu sync.Mutex
		tail(t, a, out, kgo.NewOffset().AtStart(), func(now time.Time, r *kgo.Record) {
			mu.Lock()
			defer mu.Unlock()
			due, known := feed.took(r.Key, now)
			if !known {
				l.strays++
			} else if due.After(measured) {
				l.end = append(l.end, now.Sub(due).Seconds()*1000)
			}
		})
		time.Sleep(time.Until(measured))
		from := snapshot(p)
		time.Sleep(time.Until(stop))
		to := snapshot(p)
		must(t, feed.stop())
		for patience := time.Now().Add(10 * time.Second); feed.left() > 0 && time.Now().Before(patience); {
			time.Sleep(50 * time.Millisecond)
		}
		p.stop()
		showProfile(t, b.path, name)
		mu.Lock()
		defer mu.Unlock()
		l.missing = feed.left()
		slices.Sort(l.end)
		l.commit = commits(readLog(t, p, measured))
		l.cores, l.others = coresBetween(from, to)
	})
	return l
}
