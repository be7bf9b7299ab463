// Command profiled is cmd/processor with a profiler: from start to end it writes a CPU profile to BENCH_PROFILE_OUT.cpu,
// and at the end what was allocated to BENCH_PROFILE_OUT.allocs. With SIGUSR1 the CPU profile begins anew, in BENCH_PROFILE_OUT.2.cpu.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync"
	"syscall"

	"github.com/weirstream/weir/internal/cli"
)

func main() {
	out := os.Getenv("BENCH_PROFILE_OUT")
	p, err := start(out + ".cpu")
	if err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		os.Exit(1)
	}
	go p.cut(out + ".2.cpu")
	code := cli.Main(cli.Program{Version: "profiled"})
	if err := errors.Join(p.stop(), allocs(out)); err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
	}
	os.Exit(code)
}

// profile is the CPU profile being written.
type profile struct {
	mu   sync.Mutex
	file *os.File
}

func start(path string) (*profile, error) {
	p := &profile{}
	return p, p.begin(path)
}

func (p *profile) begin(path string) (err error) {
	if p.file, err = os.Create(path); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.file)
}

func (p *profile) end() error {
	pprof.StopCPUProfile()
	return p.file.Close()
}

// cut waits for the signal.
func (p *profile) cut(next string) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	<-c
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(p.end(), p.begin(next)); err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
	}
}

func (p *profile) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end()
}

func allocs(out string) error {
	f, err := os.Create(out + ".allocs")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
