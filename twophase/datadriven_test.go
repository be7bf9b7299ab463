package twophase

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestTraces runs the scripts in testdata. The language:
//
//	new [at-least-once] [in=Phase]   a new machine, brought into a phase ("Clean": Running without content;
//	                                 "Committed": Beginning of epoch 2)
//	on                               one event per line, as Event.String writes it; "settle [decision]" answers
//	                                 everything under way well
//	causes op=Op [in=Phase]          every cause of a failure of the effect, each on its own machine, then settle
//	everywhere [at-least-once]       the events of the input, one after the other, in every phase, then settle
//
// A line of output is: what happened → the effects, in order · the phase after it.
func TestTraces(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var p player
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "new":
				p = newPlayer(t, d)
				return p.where() + "\n"
			case "on":
				return p.on(t, d.Input)
			case "causes":
				return causes(t, d)
			case "everywhere":
				return everywhere(t, d)
			}
			t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			return ""
		})
	})
}

func newPlayer(t *testing.T, d *datadriven.TestData) player {
	g := ExactlyOnce
	if d.HasArg("at-least-once") {
		g = AtLeastOnce
	}
	p := player{m: New(g)}
	if d.HasArg("in") {
		var phase string
		d.ScanArgs(t, "in", &phase)
		if err := p.wayTo(phase); err != nil {
			t.Fatalf("%s: %v", d.Pos, err)
		}
	}
	return p
}

func (p *player) where() string {
	s := p.m.Phase().String()
	if e := p.m.Open(); e != 0 {
		s += fmt.Sprintf(" open=%d", e)
	}
	if e := p.m.Closing(); e != 0 {
		s += fmt.Sprintf(" closing=%d", e)
	}
	return s
}

func (p *player) on(t *testing.T, input string) string {
	var b strings.Builder
	for _, line := range strings.Split(input, "\n") {
		fmt.Fprintf(&b, "%s → %s · %s\n", line, effects(p.line(t, line)), p.where())
	}
	return b.String()
}

func (p *player) line(t *testing.T, line string) []Effect {
	if rest, ok := strings.CutPrefix(line, "settle"); ok {
		p.decision = 0
		fmt.Sscan(rest, &p.decision)
		return p.settle()
	}
	ev, err := parseEvent(line)
	if err != nil {
		t.Fatal(err)
	}
	return p.step(ev)
}

func effects(list []Effect) string {
	if len(list) == 0 {
		return "-"
	}
	var words []string
	for _, e := range list {
		words = append(words, e.String())
	}
	return strings.Join(words, ", ")
}

func causes(t *testing.T, d *datadriven.TestData) string {
	var opName string
	d.ScanArgs(t, "op", &opName)
	op, err := lookup(opNames[:], opName)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for c := Abortable; c <= Fatal; c++ {
		p := newPlayer(t, d)
		ev := Event{Kind: Failed, Op: Op(op), Epoch: p.m.transaction(), Cause: c}
		out := append(p.step(ev), p.settle()...)
		fmt.Fprintf(&b, "%v → %s · %s\n", c, effects(out), p.where())
	}
	return b.String()
}

func everywhere(t *testing.T, d *datadriven.TestData) string {
	var b strings.Builder
	for _, phase := range []string{
		"Idle", "Fencing", "Reading", "Restoring", "Beginning", "Clean", "Running", "Aligning", "Preparing",
		"Committing", "Committed", "Abandoning", "Aborting", "Releasing", "Stopped",
	} {
		p := newPlayer(t, d)
		if err := p.wayTo(phase); err != nil {
			t.Fatal(err)
		}
		var out []Effect
		for _, line := range strings.Split(d.Input, "\n") {
			out = append(out, p.line(t, line)...)
		}
		out = append(out, p.settle()...)
		fmt.Fprintf(&b, "%s → %s · %s\n", phase, effects(out), p.where())
	}
	return b.String()
}
