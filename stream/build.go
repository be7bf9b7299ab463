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
	stages := map[*node][]int{} // in which each operator runs
	exchanges := 0
	for _, n := range j.nodes {
		from := stagesOf(n, stages)
		switch {
		case n.source():
			stages[n] = p.begin(n, Stage{Source: n.spec(), Exchange: -1})
		case n.exchange != nil:
			if *n.exchange != exchanges { // a task of an earlier, equal plan may be reading it
				*n.exchange = exchanges
			}
			for _, i := range from {
				p.Stages[i].Sends = append(p.Stages[i].Sends, exchanges)
			}
			stages[n] = p.begin(n, Stage{Exchange: exchanges})
			exchanges++
		default:
			stages[n] = from
			for _, i := range from {
				p.Stages[i].extend(n)
			}
		}
	}
	return p, nil
}

// stagesOf are the stages that feed n: several, if there is a union in front of it.
func stagesOf(n *node, stages map[*node][]int) (from []int) {
	for _, in := range n.inputs {
		from = append(from, stages[in]...)
	}
	slices.Sort(from)
	return slices.Compact(from)
}

// begin adds a stage that begins with n.
func (p *Plan) begin(n *node, s Stage) []int {
	s.Name, s.UID, s.New = n.label(), n.label(), n.chain
	s.States = func(*state.Registry) error { return nil }
	p.Stages = append(p.Stages, s)
	return []int{len(p.Stages) - 1}
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
