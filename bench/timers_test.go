//go:build bench && linux

package bench

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBenchTimers fills a window of processing time with a million keys, each of which has a timer at its end, and measures how fast they
// fire: with their state read and deleted and an output committed for each.
func TestBenchTimers(t *testing.T) {
	rows := slices.DeleteFunc([]string{"timers-1s", "timers-100ms"}, func(row string) bool { return !wanted(row) })
	if len(rows) == 0 {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	keys := number(t, "KEYS", 1_000_000)
	in := &input{topic: "timers-in", records: keys, source: func() generator { return newEvents(keys, true) }}
	must(t, in.fill(a))
	defer a.drop(in.topic, "")
	fireAll(t, a, "warm-up", in, interval(t, rows[0]), processors(t)[0]) // a broker that has just started compiles its code first
	var s strings.Builder
	s.WriteString("| run | live timers | to fill the window: s | CPU s per million | fired and committed per second (thousands), 10 % to 90 % | from the window's end to the last commit s | CPU s per million | peak RSS MiB | other cores |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, row := range rows {
		for round := range number(t, "ROUNDS", 3) {
			for _, b := range processors(t) {
				f := fireAll(t, a, fmt.Sprintf("%s-%s-%d", row, b.name, round+1), in, interval(t, row), b)
				fmt.Fprintf(&s, "| %s %s, run %d | %d | %.1f | %.2f | %.0f | %.1f | %.2f | %.0f | %.2f |\n", row, b.name, round+1, keys,
					f.fill.Wall, f.fill.CPUWhole, f.fire.Rate/1000, f.whole, f.cpu, f.fire.RSS, f.fire.Others)
			}
		}
	}
	t.Logf("\n%s", s.String())
	publish(t, "timers", s.String())
}

type firing struct {
	fill, fire figures
	whole, cpu float64 // from the window's end on
}

func fireAll(t *testing.T, a *admin, name string, in *input, interval time.Duration, b binary) (f firing) {
	t.Helper()
	out := name + "-out"
	must(t, a.create(out, nil))
	defer a.drop(out, name)
	// A window as long as time itself, which began in 1970, ends when we want it to.
	end := time.Now().Truncate(time.Second).Add(time.Duration(number(t, "WINDOW", 45)) * time.Second)
	window := time.Duration(end.Unix()) * time.Second
	p := weir{binary: b, name: name, job: "classify", in: in.topic, out: out, interval: interval,
		folder: filepath.Join(scratch, name), more: []string{fmt.Sprintf("WEIR_CLASSIFY_WINDOW=%v", window)}}.start(t)
	var err error
	f.fill, err = watch(p, in, func() (int64, error) { return a.committed(name, in.topic) })
	must(t, err)
	if spare := time.Until(end); spare < interval {
		t.Fatalf("the input was committed %v before the window's end: give it longer (BENCH_WINDOW), or fewer keys (BENCH_KEYS)", spare)
	}
	time.Sleep(time.Until(end))
	p.cutProfile()
	before := cpuOf(p.pid())
	f.fire, err = watch(p, in, func() (int64, error) { return a.stable(out) })
	must(t, err)
	f.whole, f.cpu = time.Since(end).Seconds(), (cpuOf(p.pid())-before)/(float64(in.records)/1e6)
	t.Logf("%s: %.0f k/s, %.2f CPU s/M, threads %v", name, f.fire.Rate/1000, f.cpu, f.fire.Threads)
	p.stop()
	showProfile(t, b.path, name+".2")
	return f
}
