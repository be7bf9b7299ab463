package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/internal/nearest"
	"github.com/weirstream/weir/stream"
)

// Params are the settings of built-in jobs. The zero value is ready for use.
type Params struct {
	// Inputs are the topics to read, or one pattern of them (^… or /…/), and Output the one to write; empty: the job's own.
	Inputs []string
	Output string
	// Start is where a new job begins to read (WEIR_START_FROM), and Bounded ends it where its input ends at the start (WEIR_BOUNDED).
	Start   stream.Start
	Bounded bool
	// ClassifyWindow is the size of classify's window (WEIR_CLASSIFY_WINDOW); 0: none.
	ClassifyWindow time.Duration
	// BadRecords says what becomes of records that can't be read (WEIR_BAD_RECORDS); nil: they fail the epoch.
	BadRecords stream.ErrorPolicy

	now func() time.Time // time.Now if nil
}

// builtin is a job and its own topics.
type builtin struct {
	input, output string
	build         func(name string, p Params) (*stream.Job, error)
}

var builtins = map[string]builtin{
	"classify":  {"events", "classified-events", classify},
	"copy":      {"input", "output", copyRecords},
	"wordcount": {"text", "word-counts", wordCount},
}

// Names lists the built-in jobs.
func Names() []string { return slices.Sorted(maps.Keys(builtins)) }

// New builds the built-in job called name.
func New(name string, p Params) (*stream.Job, error) {
	b, ok := builtins[name]
	if !ok {
		return nil, unknown(name)
	}
	if len(p.Inputs) == 0 {
		p.Inputs = []string{b.input}
	}
	if p.Output == "" {
		p.Output = b.output
	}
	if p.BadRecords == nil {
		p.BadRecords = stream.Fail
	}
	// It would feed itself for ever.
	if slices.Contains(p.Inputs, p.Output) {
		return nil, fmt.Errorf("job %s: topic %q is both input and output", name, p.Output)
	}
	return b.build(name, p)
}

// source reads the job's topics.
func source[T any](job *stream.Job, p *Params, decode stream.Decode[T]) stream.Stream[T] {
	opts := []stream.Option{stream.UID("kafka_source"), stream.OnError(p.BadRecords), stream.StartAt(p.Start)}
	if p.Bounded {
		opts = append(opts, stream.Bounded())
	}
	from := stream.Topics(p.Inputs...)
	if expr, ok := stream.PatternOf(p.Inputs[0]); ok && len(p.Inputs) == 1 {
		from = stream.Pattern(expr)
	}
	return stream.From(job, from, decode, opts...)
}

// unknown says what there is, and what may have been meant.
func unknown(name string) error {
	names := Names()
	hint := ""
	if near := nearest.Of(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("no built-in job is called %q: %sthere are %s", name, hint, strings.Join(names, ", "))
}
