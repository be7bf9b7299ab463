//go:build bench && linux

package bench

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// contender is a program on an input: it runs once in every round.
type contender struct {
	row      string // copy-1s; what BENCH_ONLY names
	in       *input
	interval time.Duration
	bare     bool
	binary   binary
	results  []figures
}

func (c *contender) String() string { return c.row + " " + c.binary.name }

// job is the built-in job of a row.
func (c *contender) job() (job, guarantee string) {
	job, _, _ = strings.Cut(c.row, "-")
	switch job {
	case "at":
		return "copy", "at-least-once"
	case "exchange", "instances":
		return "wordcount", "exactly-once"
	}
	return job, "exactly-once"
}

var rows = []string{"bare-1s", "bare-100ms", "copy-1s", "copy-100ms", "at-least-once-1s", "classify-1s", "classify-100ms", "wordcount-1s",
	"exchange-1s", "instances-1s"}

const classifyKeys = 100_000

// runs says whether a row is wanted, or is the bare loop at the interval of one that is.
func runs(t testing.TB, row string) bool {
	return wanted(row) || strings.HasPrefix(row, "bare-") && slices.ContainsFunc(rows, func(other string) bool {
		return wanted(other) && interval(t, other) == interval(t, row)
	})
}

// contenders are the rows that are wanted, with the bare loop first.
func contenders(t testing.TB) (all []*contender) {
	n := number(t, "RECORDS", 4_000_000)
	copied := &input{topic: "numbers", records: n, outputs: n,
		source: func() generator { return newNumbers() }, judge: func() judge { return newOnce(n) }}
	events := &input{topic: "events", records: n, outputs: n,
		source: func() generator { return newEvents(classifyKeys, false) }, judge: func() judge { return newSums(classifyKeys, n) }}
	text := &input{topic: "lines", records: max(1, n/8), outputs: n / 8 * wordsPerLine,
		source: func() generator { return newLines() }, judge: func() judge { return newCounts(max(1, n/8)) }}
	inputs := map[string]*input{"bare": copied, "copy": copied, "at": copied, "classify": events, "wordcount": text,
		"exchange": text, "instances": text}
	for _, row := range rows {
		if !runs(t, row) {
			continue
		}
		kind, _, _ := strings.Cut(row, "-")
		c := contender{row: row, in: inputs[kind], interval: interval(t, row), bare: kind == "bare"}
		builds := []binary{bareLoop(t)}
		if !c.bare {
			builds = processors(t)
		}
		for _, b := range builds {
			c := c
			c.binary = b
			all = append(all, &c)
		}
	}
	return all
}

func bareLoop(t testing.TB) binary { return binary{"bareloop", build(t, "./bareloop")} }

func TestBenchThroughput(t *testing.T) {
	all := contenders(t)
	if len(all) == 0 {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	for _, c := range all {
		begin := time.Now()
		if fresh := !c.in.written; fresh {
			must(t, c.in.fill(a))
			t.Logf("%s: %d records written in %.1f s", c.in.topic, c.in.records, time.Since(begin).Seconds())
		}
	}
	warmUp(t, a)
	for round := range number(t, "ROUNDS", 3) {
		for _, c := range all {
			f := c.run(t, a, round)
			c.results = append(c.results, f)
			t.Logf("round %d  %-24v %s", round+1, c, f)
		}
	}
	table := throughputTable(all)
	t.Logf("\n%s", table)
	publish(t, "throughput", table)
}

// warmUp lets the broker compile what it will need, with a run that does not count.
func warmUp(t *testing.T, a *admin) {
	t.Helper()
	n := 500_000
	in := &input{topic: "warm-up", records: n, source: func() generator { return newNumbers() }, judge: func() judge { return newOnce(n) }}
	must(t, in.fill(a))
	c := &contender{row: "warm-up", in: in, interval: 200 * time.Millisecond, bare: true, binary: bareLoop(t)}
	c.run(t, a, 0)
	a.drop(in.topic, "")
}

// run starts the contender on its input and judges what it wrote.
func (c *contender) run(t testing.TB, a *admin, round int) figures {
	t.Helper()
	group := fmt.Sprintf("%s-%s-%d", c.row, c.binary.name, round+1)
	out := group + "-out"
	must(t, a.create(out, nil))
	defer a.drop(out, group)
	p := c.start(t, group, out)
	f, err := watch(p, c.in, c.progress(a, group, out))
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	if !c.bare {
		f.Phases = phases(p)
	}
	p.stop()
	if p.peer != nil {
		p.peer.stop()
	}
	if !c.bare {
		showProfile(t, c.binary.path, group)
	}
	j := c.in.judge()
	must(t, a.readAll(out, j.see))
	if f.Repeats, err = j.verdict(); err != nil {
		t.Errorf("%v: %v", c, err)
	}
	if _, guarantee := c.job(); f.Repeats > 0 && guarantee == "exactly-once" {
		t.Errorf("%v: %d outputs came again", c, f.Repeats)
	}
	return f
}

func (c *contender) start(t testing.TB, group, out string) *process {
	t.Helper()
	if c.bare {
		args := []string{"-brokers", shared.cluster.Bootstrap(), "-group", group, "-in", c.in.topic, "-out", out, "-interval", c.interval.String()}
		return start(t, group, c.binary.path, nil, append(args, strings.Fields(env("BARE"))...)...)
	}
	job, guarantee := c.job()
	w := weir{binary: c.binary, name: group, job: job, in: c.in.topic, out: out, interval: c.interval, guarantee: guarantee,
		folder: filepath.Join(scratch, group)}
	if !c.repartitioned() {
		return w.start(t)
	}
	store := "WEIR_CHECKPOINT_STORE=file://" + filepath.Join(scratch, group, "shared")
	w.more = []string{"WEIR_EXCHANGE=kafka", "WEIR_LEAVE_GROUP=always", store}
	p := w.start(t)
	if strings.HasPrefix(c.row, "instances") {
		w.more = append(w.more, "WEIR_INSTANCE_ID=second", "WEIR_STATE_DIR="+filepath.Join(scratch, group, "second"))
		p.peer = w.start(t)
	}
	return p
}

// repartitioned says whether records cross in repartition topics.
func (c *contender) repartitioned() bool {
	return strings.HasPrefix(c.row, "exchange") || strings.HasPrefix(c.row, "instances")
}

// progress is how much of the input has its outputs committed.
func (c *contender) progress(a *admin, group, out string) func() (int64, error) {
	if !c.repartitioned() {
		return func() (int64, error) { return a.committed(group, c.in.topic) }
	}
	// Sources run ahead of what follows: the outputs themselves are counted, with the few control records among them, so the end is when nothing
	// comes any more.
	var last int64
	var moved time.Time
	return func() (int64, error) {
		n, err := a.stable(out)
		if n != last {
			last, moved = n, time.Now()
		}
		if n >= int64(c.in.outputs) && time.Since(moved) > 2*c.interval {
			return int64(c.in.records), nil
		}
		return min(int64(c.in.records)-1, n*int64(c.in.records)/int64(c.in.outputs)), err
	}
}
