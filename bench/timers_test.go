//go:build bench && linux

package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// timerWindow is long enough to fill a window with all keys, and short enough to wait for its end.
const timerWindow = 20 * time.Second

// TestBenchTimers fills a window of processing time with a million keys, each of which has a timer at its end, and measures how fast they
// fire: with their state read and deleted and an output committed for each.
func TestBenchTimers(t *testing.T) {
	if !wanted("timers") {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	keys := number(t, "KEYS", 1_000_000)
	in := &input{topic: "timers-in", records: keys, source: func() generator { return newEvents(keys, true) }}
	must(t, in.fill(a))
	defer a.drop(in.topic, "")
	var s strings.Builder
	s.WriteString("| run | live timers | fired and committed per second (thousands), 10 % to 90 % | from the window's end to the last commit s | CPU s per million |\n|---|---|---|---|---|\n")
	for _, interval := range []time.Duration{time.Second, 100 * time.Millisecond} {
		for round := range number(t, "ROUNDS", 3) {
			name := fmt.Sprintf("timers-%v-%d", interval, round+1)
			f := fireAll(t, a, name, in, interval)
			fmt.Fprintf(&s, "| %v, run %d | %d | %.0f | %.1f | %.2f |\n", interval, round+1, keys, f.rate/1000, f.whole, f.cpu)
		}
	}
	t.Logf("\n%s", s.String())
	publish(t, "timers", s.String())
}

type firing struct{ rate, whole, cpu float64 }

func fireAll(t *testing.T, a *admin, name string, in *input, interval time.Duration) firing {
	t.Helper()
	out := name + "-out"
	must(t, a.create(out, nil))
	defer a.drop(out, name)
	now := time.Now()
	time.Sleep(now.Truncate(timerWindow).Add(timerWindow).Sub(now)) // all records in one window
	end := time.Now().Truncate(timerWindow).Add(timerWindow)
	p := weir{binary: processors(t)[0], name: name, job: "classify", in: in.topic, out: out, interval: interval,
		folder: filepath.Join(scratch, name), more: []string{fmt.Sprintf("WEIR_CLASSIFY_WINDOW=%v", timerWindow)}}.start(t)
	_, err := watch(p, in, func() (int64, error) { return a.committed(name, in.topic) })
	must(t, err)
	if spare := time.Until(end); spare < interval {
		t.Fatalf("the input was committed %v before the window's end: a faster machine, or fewer keys (BENCH_KEYS)", spare)
	}
	time.Sleep(time.Until(end))
	before := cpuOf(p.pid())
	var ten, ninety time.Time
	for {
		n, err := a.stable(out)
		must(t, err)
		if at := time.Now(); n >= int64(in.records)/10 && ten.IsZero() {
			ten = at
		} else if n >= int64(in.records)*9/10 && ninety.IsZero() {
			ninety = at
		}
		if n >= int64(in.records) {
			break
		}
		must(t, p.failed())
		if time.Since(end) > time.Minute {
			t.Fatalf("%d of %d windows fired after a minute: %s", n, in.records, p.tail())
		}
		time.Sleep(10 * time.Millisecond)
	}
	f := firing{whole: time.Since(end).Seconds(), cpu: (cpuOf(p.pid()) - before) / (float64(in.records) / 1e6)}
	if ninety.After(ten) {
		f.rate = 0.8 * float64(in.records) / ninety.Sub(ten).Seconds()
	} else {
		f.rate = float64(in.records) / f.whole // all in one commit
	}
	p.stop()
	return f
}
