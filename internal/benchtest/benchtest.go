//go:build unix

// Package benchtest is what benchmarks have in common that measure beside other work: there CPU time says more than the clock does.
package benchtest

import (
	"flag"
	"os"
	"syscall"
	"testing"
	"time"
)

// Entries of about 130 bytes are in each of 128 key groups of a benchmark's savepoint or base: 330 MB if nobody says otherwise.
var Entries = flag.Int("weir.entries", 20_000, "entries in each of 128 key groups of a savepoint's or base's benchmark, 130 bytes each")

// CPU is what the process has used so far.
func CPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ReportCPU says what an iteration takes of the cores; call it before the loop, and what it returns behind.
func ReportCPU(b *testing.B) func() {
	before := CPU()
	return func() { b.ReportMetric((CPU()-before).Seconds()/float64(b.N), "CPU-s/op") }
}

// RemoveBetween removes what an iteration has written, at no cost of the benchmark: the next one then finds the machine as this one did.
func RemoveBetween(b *testing.B, dir string) {
	b.Helper()
	b.StopTimer()
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
}
