package cli

import (
	"context"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/internal/statetool"
)

// state is the command line of the state processor.
func (a *app) state(ctx context.Context, args []string) int {
	packing := checkpoint.Packing{KeyFile: a.variable("WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE"), Compression: a.variable("WEIR_CHECKPOINT_COMPRESSION")}
	t := statetool.Tool{Name: a.name, Out: a.out, Err: a.err, Terminal: a.terminal, Packing: packing}
	return t.Run(ctx, args)
}
