package cli

import (
	"errors"
	"os"
	"syscall"

	"github.com/weirstream/weir/runtime"
)

// The exit codes.
const (
	ExitOK       = 0
	ExitFailure  = 1
	ExitSettings = 2
	ExitRival    = 3
	ExitState    = 4
)

const exitUsage = `Exit codes:
  0    done, or stopped by SIGTERM or SIGINT after a last commit
  1    failure; a restart may help. Also a stop that took too long, and a demo whose counts differ
  2    settings, topics or permissions are not as they must be; a restart will not help
  3    another instance holds the partitions, or has taken this instance's id
  4    state or checkpoint cannot be used; nothing was consumed
  130  a second SIGINT, 143: a second SIGTERM; stopped at once, the last epoch is processed again at the next start
`

// exitCode is what the end of a job tells whoever started the process.
func exitCode(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, runtime.ErrConfig):
		return ExitSettings
	case errors.Is(err, runtime.ErrOccupied), errors.Is(err, runtime.ErrRival):
		return ExitRival
	case errors.Is(err, runtime.ErrState):
		return ExitState
	}
	return ExitFailure
}

// secondSignal is the exit code of a process that its user could not wait for: as a shell reports a death by signal.
func secondSignal(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return ExitFailure
}
