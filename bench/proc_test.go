//go:build bench && linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticks a second, the unit of CPU time in /proc: fixed on Linux.
const ticks = 100

// cpuOf is the user and system time of a process in seconds, of all its threads; 0 if it is gone.
func cpuOf(pid int) float64 { return cpuOfStat(fmt.Sprintf("/proc/%d/stat", pid)) }

func cpuOfStat(path string) float64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	// The name, in parentheses, may hold anything.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return float64(user+system) / ticks
}

// cpuOfMachine is what all processes and the kernel have used.
func cpuOfMachine() float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	sum := 0.0
	for i, s := range strings.Fields(line)[1:] {
		if i == 3 || i == 4 || i >= 7 { // idle, waiting for I/O, stolen; guests are in user
			continue
		}
		n, _ := strconv.ParseFloat(s, 64)
		sum += n / ticks
	}
	return sum
}

// threads is the CPU time of a process by the kind of its threads: those of the Kafka client have names, Go's have the
// program's. Threads that have ended are missing.
func threads(pid int) map[string]float64 {
	by := map[string]float64{}
	dirs, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, dir := range dirs {
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue
		}
		kind := "go"
		if s := strings.TrimSpace(string(name)); strings.HasPrefix(s, "rdk:") {
			kind = strings.TrimRight(s, "0123456789")
		}
		by[kind] += cpuOfStat(filepath.Join(dir, "stat"))
	}
	return by
}

// memory is a line of /proc/pid/status in MiB: VmRSS, or VmHWM for its highest value so far.
func memory(pid int, line string) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(b), line+":")
	if !ok {
		return 0
	}
	kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kb / 1024
}

// findBroker finds the process of the broker that advertises addr. It needs the right to look at it; without, the broker's CPU
// counts as anybody's.
func findBroker(addr string) int {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		cmd, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		vars, _ := os.ReadFile(filepath.Join(dir, "environ"))
		if bytes.Contains(cmd, []byte("kafka.Kafka")) && bytes.Contains(vars, []byte("DIRECT://"+addr)) {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			return pid
		}
	}
	return 0
}
