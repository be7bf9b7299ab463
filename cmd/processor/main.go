// Command processor runs Weir's built-in jobs: see `processor help`.
package main

import (
	"os"

	"github.com/weirstream/weir/internal/cli"
)

// version is set by the linker (-X main.version=…).
var version string

func main() { os.Exit(cli.Main(cli.Program{Version: version})) }
