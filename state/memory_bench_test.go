package state_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// BenchmarkMillionKeys counts a million keys in two tasks over Pebble, sealing and applying every 100,000 records, as a job with the
// default settings would, and reports what the process takes up. Run it alone, with -benchtime 1x.
func BenchmarkMillionKeys(b *testing.B) {
	const keys, rounds, tasks = 1_000_000, 5, 2
	for b.Loop() {
		backend, err := pebble.Open(b.TempDir(), pebble.Options{JobID: "bench"})
		must(b, err)
		var stores []*state.Store
		var values []*state.Value[int64]
		for range tasks {
			s := newStore(b, backend, state.Options{})
			stores, values = append(stores, s), append(values, openValue(b, s))
		}
		seq := uint64(0)
		key := make([]byte, 0, 16)
		for i := range keys * rounds {
			key = append(key[:0], "user-"...)
			key = strconv.AppendInt(key, int64(i)*7919%keys, 10)
			group := state.KeyGroup(key, state.DefaultMaxParallelism)
			task := state.TaskFor(group, tasks, state.DefaultMaxParallelism)
			stores[task].SetKey(group, key)
			n, _, err := values[task].Get()
			must(b, err)
			if n != int64(i/keys) {
				b.Fatalf("%s is %d after %d", key, n, i)
			}
			must(b, values[task].Set(n+1))
			if i%100_000 == 99_999 {
				seq++
				must(b, backend.Apply(state.Merge(seal(b, stores[0], seq), seal(b, stores[1], seq)), fmt.Sprint(seq)))
				stores[0].Applied(seq)
				stores[1].Applied(seq)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(keys*rounds), "ns/record")
		b.ReportMetric(float64(stores[0].CacheBytes()+stores[1].CacheBytes())/1e6, "MB-cache")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-heap")
		b.ReportMetric(peakRSS(), "MB-peak-RSS")
		must(b, backend.Close())
	}
}

// peakRSS is 0 where the system doesn't say.
func peakRSS() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 64)
			return n / 1e3
		}
	}
	return 0
}
