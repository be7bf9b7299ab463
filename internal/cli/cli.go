// Package cli is the command line of processor, and of every program that calls weir.Main.
//
// Main deals with the process: arguments, environment, signals, exit code. Everything below it takes these as
// parameters, so that tests run whole commands in their own process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/stream"
)

// Program is a command line: its jobs and its version.
type Program struct {
	Version string
	// Jobs are the program's own; without any it has the built-in ones.
	Jobs []*stream.Job
}

// Main runs the program and returns its exit code.
func Main(p Program) int {
	addProcs()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := onSignal(cancel, os.Exit)
	defer stop()
	a := &app{
		program: p, name: filepath.Base(os.Args[0]), env: os.Environ(), out: os.Stdout, err: os.Stderr, exit: os.Exit,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	return a.run(ctx, os.Args[1:])
}

// onSignal ends the work in good order at the first SIGTERM or SIGINT, and at once at the second.
func onSignal(cancel func(), exit func(int)) (stop func()) {
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case s := <-signals:
			exit(secondSignal(s))
		case <-done:
		}
	}()
	return func() { signal.Stop(signals); close(done) }
}

// app is one call of the program.
type app struct {
	program  Program
	name     string // of the program, for help
	env      []string
	out, err io.Writer
	terminal bool // err is a terminal
	exit     func(int)
}

// run runs a command line to its end.
func (a *app) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprintf(a.err, "%s: no command; expected one of: %s\n%s help says more\n", a.name, commandNames(), a.name)
		return ExitSettings
	}
	for _, c := range commands {
		if c.name != args[0] && !slices.Contains(c.aliases, args[0]) {
			continue
		}
		if slices.ContainsFunc(args[1:], isHelp) && c.settings {
			return a.help(ctx, nil)
		}
		return c.run(ctx, a, args[1:])
	}
	fmt.Fprintf(a.err, "%s: unknown command %q; expected one of: %s\n", a.name, args[0], commandNames())
	return ExitSettings
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// command is a word of the command line.
type command struct {
	name     string
	aliases  []string
	help     string
	hidden   bool
	settings bool // its flags are those of package config
	run      func(ctx context.Context, a *app, args []string) int
}

var commands []command

func init() { // the commands refer to help, which lists the commands
	commands = []command{
		{name: "run", help: "Run a job until SIGTERM.", settings: true, run: func(ctx context.Context, a *app, args []string) int { return a.runJob(ctx, args) }},
		{name: "demo", help: "Count words exactly once through crashes, without Kafka or Docker. demo -h lists its flags.", run: func(ctx context.Context, a *app, args []string) int { return a.demo(ctx, args) }},
		{name: "graph", help: "Show a job's graph: operators, states, stages, exchanges. --format text, dot or json.", settings: true, run: func(_ context.Context, a *app, args []string) int { return a.showGraph(args) }},
		{name: "savepoint", help: "Take, list, inspect, verify and delete savepoints. savepoint -h lists its flags.", run: func(ctx context.Context, a *app, args []string) int { return a.savepoint(ctx, args) }},
		{name: "state", help: "Read and change the state in savepoints, without a job or a broker. state help lists its commands.", run: func(ctx context.Context, a *app, args []string) int { return a.state(ctx, args) }},
		{name: "config", help: "Show the effective settings and where each comes from, secrets masked.", settings: true, run: func(_ context.Context, a *app, args []string) int { return a.showConfig(args) }},
		{name: "version", aliases: []string{"-v", "-version", "--version"}, help: "Show what this is.", run: func(_ context.Context, a *app, _ []string) int { return a.showVersion() }},
		{name: "help", aliases: []string{"-h", "-help", "--help"}, help: "Show this text.", run: func(ctx context.Context, a *app, args []string) int { return a.help(ctx, args) }},
		{name: demoWorker, hidden: true, settings: true, run: func(ctx context.Context, a *app, args []string) int { return a.runBuiltin(ctx, args) }},
	}
}

func commandNames() string {
	var names []string
	for _, c := range commands {
		if !c.hidden {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ", ")
}

// load reads the settings for a program with these jobs, and shows what is wrong with them.
func (a *app) load(args []string) (*config.Config, error) {
	in := config.Input{Args: args, Env: a.env, Jobs: jobs.Names(), Terminal: a.terminal}
	if len(a.program.Jobs) > 0 {
		in.Jobs, in.Custom = nil, true
		for _, j := range a.program.Jobs {
			in.Jobs = append(in.Jobs, j.Name())
		}
	}
	c, err := config.Load(in)
	var problems config.Errors
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintf(a.err, "%s: %v\n", a.name, p)
		}
	}
	return c, err
}

// job builds the job that the settings name.
func (a *app) job(c *config.Config) (*stream.Job, error) {
	for _, j := range a.program.Jobs {
		if j.Name() == c.Job {
			return j, nil
		}
	}
	start, err := stream.ParseStart(c.StartFrom)
	if err != nil {
		return nil, fmt.Errorf("WEIR_START_FROM=%w", err)
	}
	p := jobs.Params{
		Inputs: c.InputTopics, Start: start, Bounded: c.Bounded, Output: c.OutputTopic, ClassifyWindow: c.ClassifyWindow,
	}
	switch c.BadRecords {
	case "skip":
		p.BadRecords = stream.Skip
	case "dead-letter":
		p.BadRecords = stream.DeadLetter(c.DeadLetterTopic)
	}
	return jobs.New(c.Job, p)
}
