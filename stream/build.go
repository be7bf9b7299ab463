package stream

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/state"
)

var errNilProcess = errors.New("open returned no function")

// Plan checks the job and cuts it into stages at its exchanges. Its error names every mistake and the operator that has it.
func (j *Job) Plan() (*Plan, error) {
	if err := j.check(); err != nil {
		return nil, fmt.Errorf("job %q: %w", j.name, err)
	}
	p := &Plan{Job: j.name}
	stages := map[*node]int{} // of each operator
	exchanges := 0
	for _, n := range j.nodes {
		switch {
		case n.input == nil:
			stages[n] = p.begin(n, Stage{Source: &SourceSpec{UID: n.label(), Topics: slices.Clone(n.topics)}, Exchange: -1})
		case n.exchange != nil:
			if *n.exchange != exchanges { // a task of an earlier, equal plan may be reading it
				*n.exchange = exchanges
			}
			from := &p.Stages[stages[n.input]]
			from.Sends = append(from.Sends, exchanges)
			stages[n] = p.begin(n, Stage{Exchange: exchanges})
			exchanges++
		default:
			stages[n] = stages[n.input]
			p.Stages[stages[n]].extend(n)
		}
	}
	return p, nil
}

// begin adds a stage that begins with n.
func (p *Plan) begin(n *node, s Stage) int {
	s.Name, s.New = n.label(), n.chain
	s.States = func(*state.Registry) error { return nil }
	p.Stages = append(p.Stages, s)
	return len(p.Stages) - 1
}

// extend adds n to a stage.
func (s *Stage) extend(n *node) {
	s.Name += " -> " + n.label()
	if n.topic != "" && !slices.Contains(s.Sinks, n.topic) {
		s.Sinks = append(s.Sinks, n.topic)
	}
	if n.states == nil {
		return
	}
	s.Stateful = true
	before := s.States
	s.States = func(reg *state.Registry) error {
		if err := before(reg); err != nil {
			return err
		}
		return n.states(reg)
	}
}
