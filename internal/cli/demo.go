package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/weirstream/weir/demo"
)

// demo runs the demo, whose worker is this very program.
func (a *app) demo(ctx context.Context, args []string) int {
	o, err := demo.Parse(args, a.out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return ExitOK
	case err != nil:
		fmt.Fprintf(a.err, "%s demo: %v\n", a.name, err)
		return ExitSettings
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(a.err, "%s demo: cannot find this program to run the worker: %v\n", a.name, err)
		return ExitFailure
	}
	o.Worker, o.Env = []string{self, demoWorker}, a.env
	verdict, err := demo.Run(ctx, o)
	if err != nil {
		fmt.Fprintf(a.err, "%s demo: %v\n", a.name, err)
		return ExitFailure
	}
	if !verdict.Holds(o.Guarantee) {
		return ExitFailure
	}
	return ExitOK
}

// dieWithParent ends a worker whose parent is gone: its standard input ends then.
func (a *app) dieWithParent(in io.Reader) {
	_, _ = io.Copy(io.Discard, in) // however it ends, it has ended
	a.exit(ExitFailure)
}
