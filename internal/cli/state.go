package cli

import (
	"context"

	"github.com/weirstream/weir/internal/statetool"
)

// state is the command line of the state processor.
func (a *app) state(ctx context.Context, args []string) int {
	t := statetool.Tool{Name: a.name, Out: a.out, Err: a.err, Terminal: a.terminal, Env: a.env}
	return t.Run(ctx, args)
}
