package twophase

import (
	"fmt"
	"strconv"
	"strings"
)

// parseEvent reads an event as Event.String writes it: "Aligned 3", "Failed Commit 3 OutcomeUnknown".
func parseEvent(line string) (Event, error) {
	words := strings.Fields(line)
	kind, err := lookup(kindNames[:], words[0])
	if err != nil {
		return Event{}, err
	}
	ev := Event{Kind: EventKind(kind)}
	for _, w := range words[1:] {
		if err := ev.parseWord(w); err != nil {
			return Event{}, fmt.Errorf("%s: %w", line, err)
		}
	}
	return ev, nil
}

func (ev *Event) parseWord(w string) error {
	if n, err := strconv.Atoi(w); err == nil {
		if ev.Kind == DecisionRead {
			ev.Decision = Epoch(n)
		} else {
			ev.Epoch = Epoch(n)
		}
		return nil
	}
	if op, err := lookup(opNames[:], w); err == nil {
		ev.Op = Op(op)
		return nil
	}
	cause, err := lookup(causeNames[:], w)
	ev.Cause = Cause(cause)
	return err
}

func lookup(names []string, word string) (uint8, error) {
	for i, n := range names {
		if n == word {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("unknown word %q", word)
}

// player steps a machine and remembers the effects that have no answer yet.
type player struct {
	m       Machine
	pending []Effect
	// decision is what ReadDecision finds when the player answers by itself.
	decision Epoch
}

func (p *player) step(ev Event) []Effect {
	p.forgetAnswered(ev)
	out := p.m.Step(ev)
	for _, e := range out {
		if e.Op != Publish && e.Op != Stop {
			p.pending = append(p.pending, e)
		}
	}
	return out
}

func (p *player) forgetAnswered(ev Event) {
	for i, e := range p.pending {
		if ev.Kind == answerTo[e.Op] || ev.Kind == Failed && ev.Op == e.Op {
			p.pending = append(p.pending[:i:i], p.pending[i+1:]...)
			return
		}
	}
}

var answerTo = map[Op]EventKind{
	Fence: Fenced, ReadDecision: DecisionRead, Restore: Restored, Begin: Began, InjectBarrier: Aligned,
	Flush: Flushed, Store: Stored, SendOffsets: OffsetsSent, Commit: Committed, Abort: Aborted, Release: Released,
}

// next is the good answer to the oldest effect without one.
func (p *player) next() Event {
	e := p.pending[0]
	ev := Event{Kind: answerTo[e.Op], Epoch: e.Epoch}
	if e.Op == ReadDecision {
		ev.Decision = p.decision
	}
	return ev
}

// settle answers everything well and returns the effects on the way, until the machine waits for the world.
func (p *player) settle() []Effect {
	var out []Effect
	for len(p.pending) > 0 {
		out = append(out, p.step(p.next())...)
	}
	return out
}

// wayTo lists the events that bring a new machine into each phase.
func (p *player) wayTo(target string) error {
	routes := map[string]string{
		"Idle":       "",
		"Fencing":    "Assigned",
		"Reading":    "Assigned,Fenced",
		"Restoring":  "Assigned,Fenced,DecisionRead 0",
		"Beginning":  "Assigned,Fenced,DecisionRead 0,Restored",
		"Clean":      "*Beginning,Began 1",
		"Running":    "*Clean,Processed 1",
		"Aligning":   "*Running,BarrierDue",
		"Preparing":  "*Aligning,Aligned 1",
		"Committing": "*Preparing,Stored 1,Flushed 1,OffsetsSent 1",
		"Committed":  "*Committing,Committed 1",
		"Abandoning": "*Preparing,Failed Flush 1 Abortable",
		"Aborting":   "*Running,Failed Process 1 Abortable",
		"Releasing":  "*Clean,Revoked,Aborted 1",
		"Stopped":    "Shutdown",
	}
	route, ok := routes[target]
	if !ok {
		return fmt.Errorf("no way to %q", target)
	}
	for _, line := range strings.Split(route, ",") {
		if from, ok := strings.CutPrefix(line, "*"); ok {
			if err := p.wayTo(from); err != nil {
				return err
			}
			continue
		}
		if err := p.play(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) play(line string) error {
	if line == "" || line == "OffsetsSent 1" && p.m.Guarantee() == AtLeastOnce {
		return nil
	}
	ev, err := parseEvent(line)
	if err == nil {
		p.step(ev)
	}
	return err
}
