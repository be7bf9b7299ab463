package stream

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

var errNilProcess = errors.New("open returned no function")

// Plan checks the job and cuts it into stages at its exchanges. Its error names every mistake and the operator that has it.
func (j *Job) Plan() (*Plan, error) {
	c, err := j.cut()
	if err != nil {
		return nil, err
	}
	if err := c.plan.sort(); err != nil {
		return nil, err
	}
	c.plan.time()
	return c.plan, nil
}

// cut checks the job and puts its operators into stages, which are in the order of their first operators.
func (j *Job) cut() (*cut, error) {
	if err := j.check(); err != nil {
		return nil, fmt.Errorf("job %q: %w", j.name, err)
	}
	j.findLetters()
	c := &cut{plan: &Plan{Job: j.name, Wait: j.longestWait(), Migrations: j.migrations}, stages: map[*node][]int{}, groups: j.groups(), begun: map[*node]int{}}
	for _, n := range j.nodes {
		c.add(n)
	}
	return c, nil
}

// cut is a plan under construction.
type cut struct {
	plan   *Plan
	stages map[*node][]int // in which each operator runs
	groups map[*node][]*node
	begun  map[*node]int // the stage of a group, by its first keyBy
}

// add puts an operator into stages. Its inputs have theirs already.
func (c *cut) add(n *node) {
	p := c.plan
	from := c.feeding(n)
	switch {
	case n.source():
		s := Stage{Source: n.spec(), New: n.chain, EventTime: n.event.watermarks}
		i := p.begin(n, s)
		c.stages[n] = []int{i}
		p.Stages[i].writes(n)
	case n.exchange != nil:
		x := len(p.Exchanges)
		p.Exchanges = append(p.Exchanges, Exchange{UID: n.label(), Portable: n.portable, Named: n.uid != ""})
		if *n.exchange != x { // a task of an earlier, equal plan may be reading it
			*n.exchange = x
		}
		for _, i := range from {
			p.Stages[i].Sends = append(p.Stages[i].Sends, x)
			p.Stages[i].writes(n)
		}
		c.stages[n] = []int{c.receive(n, x)}
	default:
		c.stages[n] = from
		for _, i := range from {
			p.Stages[i].extend(n)
		}
	}
}

// receive returns the stage behind a keyBy, which all of its group share.
func (c *cut) receive(n *node, exchange int) int {
	group := c.groups[n]
	i, ok := c.begun[group[0]]
	if !ok {
		i = c.plan.begin(group[0], Stage{New: keyedChain(group)})
		c.begun[group[0]] = i
		for _, other := range group[1:] {
			c.plan.Stages[i].Name += " + " + other.label()
		}
	}
	c.plan.Stages[i].Inputs = append(c.plan.Stages[i].Inputs, exchange)
	return i
}

// keyedChain instantiates the stage behind keyBys.
func keyedChain(group []*node) func(env *operators.Env) (*operators.Chain, error) {
	return func(env *operators.Env) (*operators.Chain, error) {
		b := &builder{task: operators.NewTask(env)}
		inputs := map[int]operators.Receiver{}
		for _, n := range group {
			inputs[*n.exchange] = n.receive(b)
		}
		return b.task.KeyedChain(inputs), b.err
	}
}

// feeding are the stages that feed n: several, if there is a union in front of it.
func (c *cut) feeding(n *node) (from []int) {
	for _, in := range n.inputs {
		from = append(from, c.stages[in]...)
	}
	slices.Sort(from)
	return slices.Compact(from)
}

// begin adds a stage that begins with n.
func (p *Plan) begin(n *node, s Stage) int {
	s.Name, s.UID = n.label(), n.label()
	s.States = func(*state.Registry) error { return nil }
	p.Stages = append(p.Stages, s)
	return len(p.Stages) - 1
}

// writes adds the topics that n writes to.
func (s *Stage) writes(n *node) {
	add := func(topics *[]string, topic string) {
		if !slices.Contains(*topics, topic) {
			*topics = append(*topics, topic)
		}
	}
	for _, topic := range n.sinks {
		add(&s.Sinks, topic)
	}
	if topic := n.onError.Letters; topic != "" {
		add(&s.Sinks, topic)
		add(&s.Letters, topic)
	}
}

// extend adds n to a stage.
func (s *Stage) extend(n *node) {
	s.Name += " -> " + n.label()
	s.writes(n)
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
