package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// Options say how a demo runs.
type Options struct {
	Duration    time.Duration // 0: until the input ends or ctx does
	CrashEvery  time.Duration // 0: never
	Rate        int           // lines per second; 0: as many as possible
	Input       string        // file or folder; empty: text that the machine has, over and over
	Parallelism int           // of the job; 0: its default
	Interval    time.Duration // between checkpoints
	Guarantee   string
	Keep        string // folder for all data; empty: a temporary one

	// Worker is the command that runs the job, configured by its environment.
	Worker []string
	// Env is the environment of this process; the worker inherits it without its settings.
	Env []string
	Out io.Writer
}

const usage = `Counts words exactly once, in a process that is killed with kill -9 every few seconds, and recounts at the end.
Needs no Kafka and no Docker: the broker runs inside this process and listens on loopback.

Exit code 0: the counts are exact. 1: they are not, or something failed. 2: bad flags.

Flags:
`

// Parse reads flags. Its error is flag.ErrHelp after -h, and otherwise names the flag, the value and what is allowed.
func Parse(args []string, out io.Writer) (Options, error) {
	o := Options{Out: out}
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(io.Discard) // the error says all; help is asked for
	f.DurationVar(&o.Duration, "duration", 30*time.Second, "how long to feed; 0: until the input ends, or Ctrl-C")
	f.DurationVar(&o.CrashEvery, "crash-every", 5*time.Second, "how often to kill -9 the worker; 0: never")
	f.IntVar(&o.Rate, "rate", 2000, "lines per second; 0: as fast as possible")
	f.StringVar(&o.Input, "input", "", "file or folder of text, read once; without it text that this machine has, over and over")
	f.IntVar(&o.Parallelism, "parallelism", 0, "tasks that count; 0: one per CPU")
	f.DurationVar(&o.Interval, "interval", 200*time.Millisecond, "time between checkpoints")
	f.StringVar(&o.Guarantee, "guarantee", "exactly-once", "exactly-once or at-least-once")
	f.StringVar(&o.Keep, "keep", "", "empty folder to keep topics, state and logs in; without it they are removed at the end")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(out, usage)
		f.SetOutput(out)
		f.PrintDefaults()
		return o, err
	}
	if err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is not a flag; text is named with --input", f.Arg(0))
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case o.Duration < 0:
		return fmt.Errorf("--duration=%s: expected 0 or more", o.Duration)
	case o.CrashEvery < 0 || o.CrashEvery > 0 && o.CrashEvery < 100*time.Millisecond:
		return fmt.Errorf("--crash-every=%s: expected 0 (never) or at least 100ms", o.CrashEvery)
	case o.Rate < 0:
		return fmt.Errorf("--rate=%d: expected 0 (as fast as possible) or more", o.Rate)
	case o.Parallelism < 0 || o.Parallelism > 128:
		return fmt.Errorf("--parallelism=%d: expected 0 (one per CPU) to 128", o.Parallelism)
	case o.Interval < 5*time.Millisecond || o.Interval > time.Minute:
		return fmt.Errorf("--interval=%s: expected 5ms to 1m", o.Interval)
	case o.Guarantee != "exactly-once" && o.Guarantee != "at-least-once":
		return fmt.Errorf("--guarantee=%s: expected exactly-once or at-least-once", o.Guarantee)
	}
	return nil
}
