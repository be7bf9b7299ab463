// Command profiled is cmd/processor with a profiler: from start to end it writes a CPU profile to BENCH_PROFILE_OUT.cpu,
// and at the end what was allocated to BENCH_PROFILE_OUT.allocs.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/weirstream/weir/internal/cli"
)

func main() {
	out := os.Getenv("BENCH_PROFILE_OUT")
	stop, err := start(out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		os.Exit(1)
	}
	code := cli.Main(cli.Program{Version: "profiled"})
	if err := errors.Join(stop(), allocs(out)); err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
	}
	os.Exit(code)
}

func start(out string) (stop func() error, err error) {
	f, err := os.Create(out + ".cpu")
	if err != nil {
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, pprof.StartCPUProfile(f)
}

func allocs(out string) error {
	f, err := os.Create(out + ".allocs")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
