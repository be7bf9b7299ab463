//go:build unix

// Package benchtest is what benchmarks have in common that measure beside other work: there CPU time says more than the clock does.
package benchtest

import (
	"os"
	"syscall"
	"testing"
	"time"
)

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
