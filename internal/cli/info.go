package cli

import (
	"context"
	"fmt"
	goruntime "runtime"
	"runtime/debug"
	"strings"

	"github.com/weirstream/weir/config"
)

// showConfig prints the effective settings, also beside errors, so that they can be understood.
func (a *app) showConfig(args []string) int {
	c, err := a.load(args)
	if printErr := c.Print(a.out); printErr != nil {
		fmt.Fprintf(a.err, "%s: %v\n", a.name, printErr)
		return ExitFailure
	}
	if err != nil {
		return ExitSettings
	}
	return ExitOK
}

func (a *app) showVersion() int {
	version, revision, goVersion := a.build()
	line := []string{a.name, version}
	if revision != "" {
		line = append(line, "("+revision+")")
	}
	_, err := fmt.Fprintln(a.out, strings.Join(append(line, goVersion, goruntime.GOOS+"/"+goruntime.GOARCH), " "))
	if err != nil {
		return ExitFailure
	}
	return ExitOK
}

// version is what the linker was told, else what the Go tool has recorded.
func (a *app) version() string {
	v, _, _ := a.build()
	return v
}

func (a *app) build() (version, revision, goVersion string) {
	version, goVersion = a.program.Version, goruntime.Version()
	info, ok := debug.ReadBuildInfo()
	if ok && version == "" {
		version = info.Main.Version
	}
	if version == "" {
		version = "(devel)"
	}
	if !ok {
		return version, "", goVersion
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value[:min(12, len(s.Value))]
		}
	}
	return version, revision, goVersion
}

func (a *app) help(ctx context.Context, args []string) int {
	if len(args) > 0 && args[0] == "demo" {
		return a.demo(ctx, []string{"-h"})
	}
	if len(args) > 0 && args[0] == "state" {
		return a.state(ctx, []string{"help"})
	}
	fmt.Fprintf(a.out, "Weir: exactly-once stream processing for Kafka.\n\nUsage: %s <command> [flags]\n\nCommands:\n", a.name)
	for _, c := range commands {
		if !c.hidden {
			fmt.Fprintf(a.out, "  %-9s %s\n", c.name, c.help)
		}
	}
	fmt.Fprintf(a.out, "\n%s\nSettings of run and config (a flag wins over its variable):\n", exitUsage)
	if err := config.Usage(a.out); err != nil {
		return ExitFailure
	}
	return ExitOK
}
