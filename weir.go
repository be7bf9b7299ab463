package weir

import (
	"fmt"
	"os"

	"github.com/weirstream/weir/internal/cli"
	"github.com/weirstream/weir/stream"
)

// Main runs a program with these jobs and does not return: it ends the process with the exit code that `help` documents.
//
// The program has all commands of processor: run, demo, graph, config, version and help. With several jobs WEIR_JOB says which one runs;
// with one it need not be set.
func Main(jobs ...*stream.Job) {
	if len(jobs) == 0 {
		fmt.Fprintln(os.Stderr, "weir.Main: no jobs; expected at least one")
		os.Exit(cli.ExitSettings)
	}
	os.Exit(cli.Main(cli.Program{Jobs: jobs}))
}
