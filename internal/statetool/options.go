package statetool

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// options are the flags of all commands, and the arguments.
type options struct {
	args  []string
	given map[string]bool

	job, format, output         string
	uid, name, key, prefix      string
	limit                       int64
	from, to, work              string
	memory                      int
	mapKey, value               string
	kind, keyCodec, mapKeyCodec string
	valueCodec, schema          string
	maxParallelism              int
	columns                     columnFlag
	windowTimers                string
	packing                     savepoint.Packing
	lateness                    time.Duration
}

func reading(o *options, f *flag.FlagSet) {
	f.StringVar(&o.job, "job", "", "job `id`: the URL is that of its checkpoint store, and its last committed checkpoint is read")
	f.StringVar(&o.format, "format", "", "`form` of the output: text or json; of rows: json, csv or parquet")
}

func selecting(o *options, f *flag.FlagSet) {
	reading(o, f)
	f.StringVar(&o.uid, "uid", "", "only the operator with this `uid`")
	f.StringVar(&o.name, "name", "", "only states with this `name`")
	f.StringVar(&o.key, "key", "", "only this `key`, as rows show it")
	f.StringVar(&o.prefix, "prefix", "", "only keys that begin with this `text`")
}

func comparing(o *options, f *flag.FlagSet) {
	selecting(o, f)
	f.Int64Var(&o.limit, "limit", 0, "at most so many rows; 0: all")
}

func showing(o *options, f *flag.FlagSet) {
	comparing(o, f)
	f.StringVar(&o.output, "output", "", "write to this `file` instead of the standard output")
}

func querying(o *options, f *flag.FlagSet) {
	f.StringVar(&o.job, "job", "", "job `id`: the URL is that of its checkpoint store, and its last committed checkpoint is read")
	f.StringVar(&o.format, "format", "", "`form` of the output: text, json or csv")
}

func changing(o *options, f *flag.FlagSet) {
	f.StringVar(&o.from, "from", "", "`URL` of the savepoint to begin with")
	f.StringVar(&o.to, "to", "", "`URL` of the new savepoint, where there must be none")
	f.IntVar(&o.memory, "memory", savepoint.DefaultMemory>>20, "`MiB` that are sorted at a time")
}

func setting(o *options, f *flag.FlagSet) {
	changing(o, f)
	o.oneState(f)
	f.StringVar(&o.key, "key", "", "the record's `key`")
	f.StringVar(&o.mapKey, "map-key", "", "the `key` in the map")
	f.StringVar(&o.value, "value", "", "the `value`, as CSV has it: JSON, a number, text")
}

func deleting(o *options, f *flag.FlagSet) {
	changing(o, f)
	f.StringVar(&o.uid, "uid", "", "`uid` of the operator")
	f.StringVar(&o.name, "name", "", "`name` of the state; empty: all")
	f.StringVar(&o.key, "key", "", "only this `key`")
	f.StringVar(&o.prefix, "prefix", "", "only keys that begin with this `text`")
	f.StringVar(&o.mapKey, "map-key", "", "only this `key` in the map of --key, or in broadcast state")
}

func importing(o *options, f *flag.FlagSet) {
	changing(o, f)
	o.oneState(f)
	f.StringVar(&o.work, "work", "", "`folder` for what is being sorted, and for going on after an interruption (default: one among the temporary folders)")
	f.IntVar(&o.maxParallelism, "max-parallelism", state.DefaultMaxParallelism, "key `groups` of the job, without --from")
	f.StringVar(&o.format, "format", "", "`form` of the input: json, csv or parquet (default: by the file's name)")
	f.StringVar(&o.schema, "schema", "", "`file` that describes states as the command schema does")
	f.Var(&o.columns, "column", "`name=column`: what the input calls a column, such as key=user_id; may be repeated")
	f.StringVar(&o.windowTimers, "window-timers", "", "for windows and sessions: set their timers in this `time`, processing or event; without them they never emit")
	f.DurationVar(&o.lateness, "lateness", 0, "allowed lateness of windows of event time")
}

func (o *options) oneState(f *flag.FlagSet) {
	f.StringVar(&o.uid, "uid", "", "`uid` of the operator")
	f.StringVar(&o.name, "name", "", "`name` of the state")
	f.StringVar(&o.kind, "kind", "", "`kind` of a new state: value, list, map, reducing, aggregating, timer or broadcast")
	f.StringVar(&o.keyCodec, "key-codec", "string", "`codec` of the keys of a new state")
	f.StringVar(&o.mapKeyCodec, "map-key-codec", "", "`codec` of the keys in the map of a new state")
	f.StringVar(&o.valueCodec, "value-codec", "", "`codec` of the values of a new state: string, bytes, int64-be, float64-be, bool, json, …")
}

// packing adds the flags that say how stores are packed.
func (t *Tool) packing(o *options, f *flag.FlagSet) {
	f.StringVar(&o.packing.KeyFile, "encryption-key-file", t.Packing.KeyFile, "`file` with the key that the store is encrypted with ($WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE)")
	f.StringVar(&o.packing.Compression, "compression", t.Packing.Compression, "`how` a new savepoint is compressed: none or zstd ($WEIR_CHECKPOINT_COMPRESSION)")
}

// columnFlag maps what a column is to what the input calls it.
type columnFlag map[string]string

func (c *columnFlag) String() string { return "" }

func (c *columnFlag) Set(s string) error {
	name, column, ok := strings.Cut(s, "=")
	if !ok || !slices.Contains(rows.AllColumns, name) || column == "" {
		return fmt.Errorf("%q: expected name=column, where name is one of %s", s, strings.Join(rows.AllColumns, ", "))
	}
	if *c == nil {
		*c = columnFlag{}
	}
	(*c)[name] = column
	return nil
}

// check finds flags that don't go together.
func (o *options) check() error {
	switch {
	case o.given["key"] && o.given["prefix"]:
		return errors.New("--key and --prefix exclude each other")
	case o.given["prefix"] && o.prefix == "":
		return errors.New("--prefix is empty: leave it out for all keys")
	case o.memory < 0 || o.limit < 0:
		return errors.New("--memory and --limit must not be negative")
	case o.windowTimers != "" && o.windowTimers != "processing" && o.windowTimers != "event":
		return fmt.Errorf("--window-timers=%q: expected processing or event", o.windowTimers)
	case o.given["lateness"] && o.windowTimers != "event":
		return errors.New("--lateness is for --window-timers=event")
	case o.given["max-parallelism"] && o.from != "":
		return errors.New("--max-parallelism is for a savepoint from nothing: the new one has as many key groups as that of --from")
	}
	return nil
}

// formats takes the first as the default.
func (o *options) formats(allowed ...string) error {
	if o.format == "" {
		o.format = allowed[0]
	}
	if !slices.Contains(allowed, o.format) {
		return fmt.Errorf("--format=%q: expected one of %s", o.format, strings.Join(allowed, ", "))
	}
	return nil
}

// open opens what a command reads.
func (o *options) open(ctx context.Context, url string) (*savepoint.Savepoint, error) {
	if o.job != "" {
		return savepoint.Unpack(o.packing).LoadCheckpoint(ctx, url, o.job)
	}
	return savepoint.Unpack(o.packing).Load(ctx, url)
}
