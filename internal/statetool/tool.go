// Package statetool is the command line of package savepoint: processor state. It needs no job and no broker. docs/state-tools.md shows it at work.
package statetool

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/weirstream/weir/savepoint"
)

// The exit codes, as those of processor.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Tool is one call of the command.
type Tool struct {
	Name     string // of the program, for help
	Out, Err io.Writer
	Terminal bool // Err is one: progress is shown
	// Packing is that of stores, where flags don't say otherwise: what the job's variables say.
	Packing savepoint.Packing

	stepped func(savepoint.Progress) // of tests, or nil
}

// command is what stands behind "state".
type command struct {
	name, args, help string
	flags            func(o *options, f *flag.FlagSet)
	run              func(t *Tool, ctx context.Context, o *options) error
	least, most      int // arguments
}

var commands = []command{
	{"ls", "URL", "List the states.", reading, (*Tool).ls, 1, 1},
	{"schema", "URL", "Show what tools know about each state, as JSON lines.", reading, (*Tool).schema, 1, 1},
	{"get", "URL", "Show what states hold for --key; only its key group is read.", showing, (*Tool).get, 1, 1},
	{"scan", "URL", "Show entries as rows: JSON lines, CSV or Parquet.", showing, (*Tool).scan, 1, 1},
	{"count", "URL", "Count keys and entries of each state.", selecting, (*Tool).count, 1, 1},
	{"stats", "URL", "Count, with sizes, the largest entry, and how key groups differ.", selecting, (*Tool).stats, 1, 1},
	{"diff", "URL URL", "Show what differs, as JSON lines.", comparing, (*Tool).diff, 2, 2},
	{"sql", "URL QUERY", "Run a SQL query over the states.", querying, (*Tool).sql, 1, 2},
	{"set", "", "Set one value, entry of a map, or rule.", setting, (*Tool).set, 0, 0},
	{"delete", "", "Delete keys, a state, or all state of an operator.", deleting, (*Tool).delete, 0, 0},
	{"rename-uid", "UID UID", "Give the state of an operator to another uid.", changing, (*Tool).renameUID, 2, 2},
	{"import", "FILE", "Lay the rows of a file over the states.", importing, (*Tool).importRows, 1, 1},
	{"bootstrap", "FILE", "Make a state of the rows of a file, anew.", importing, (*Tool).bootstrap, 1, 1},
}

// Run runs a command line to its end, and returns its exit code.
func (t *Tool) Run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		t.usage(t.Err)
		return exitUsage
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		t.usage(t.Out)
		return exitOK
	}
	for i := range commands {
		if commands[i].name == args[0] {
			return t.call(ctx, &commands[i], args[1:])
		}
	}
	fmt.Fprintf(t.Err, "%s state: unknown command %q; expected one of: %s\n", t.Name, args[0], names())
	return exitUsage
}

func (t *Tool) call(ctx context.Context, c *command, args []string) int {
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(t.Err)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "Usage: %s state %s [flags] %s\n%s\n\nFlags:\n", t.Name, c.name, c.args, c.help)
		f.PrintDefaults()
	}
	o := &options{}
	c.flags(o, f)
	t.packing(o, f)
	err := parse(f, o, args)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err == nil && (len(o.args) < c.least || len(o.args) > c.most) {
		err = fmt.Errorf("%d arguments %q, expected: %s", len(o.args), o.args, strings.TrimSpace(c.args+" [flags]"))
	}
	if err == nil {
		err = o.check()
	}
	if err != nil {
		fmt.Fprintf(t.Err, "%s state %s: %v\n", t.Name, c.name, err)
		return exitUsage
	}
	if err := c.run(t, ctx, o); err != nil {
		fmt.Fprintf(t.Err, "%s state %s: %v\n", t.Name, c.name, err)
		return exitFailure
	}
	return exitOK
}

// parse allows flags behind arguments.
func parse(f *flag.FlagSet, o *options, args []string) error {
	for {
		if err := f.Parse(args); err != nil {
			return err
		}
		if f.NArg() == 0 {
			break
		}
		o.args, args = append(o.args, f.Arg(0)), f.Args()[1:]
	}
	o.given = map[string]bool{}
	f.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	return nil
}

func names() string {
	var all []string
	for _, c := range commands {
		all = append(all, c.name)
	}
	return strings.Join(all, ", ")
}

func (t *Tool) usage(w io.Writer) {
	fmt.Fprintf(w, "Read and change the state in savepoints, without the job's code or a broker.\n\nUsage: %s state <command> [flags] …\n\nCommands:\n", t.Name)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintf(table, "  %s %s\t%s\n", c.name, c.args, c.help)
	}
	if err := table.Flush(); err != nil {
		return
	}
	fmt.Fprintf(w, "\nA URL is that of a savepoint, such as file:///var/lib/weir/checkpoints/wordcount/savepoint/before-upgrade, or, with --job, that of a checkpoint store.\n"+
		"Changes always make a new savepoint: --from is the old one, which stays as it is, --to the new one.\n%s state <command> -h lists its flags.\n", t.Name)
}
