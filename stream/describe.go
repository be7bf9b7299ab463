package stream

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirstream/weir/state"
)

// description is what a node knows for Describe alone.
type description struct {
	keyCodec string         // of a keyBy
	taps     map[int]string // tags of side outputs among its inputs
	notes    []GraphSetting
	inspect  func(reg *state.Registry) (*Setup, error) // declares its states, and says what was declared
}

// Describe says what the job consists of: operators with their states and settings, and the stages and exchanges of its plan. Its
// error is that of Plan.
func (j *Job) Describe() (*Graph, error) {
	c, err := j.cut()
	if err != nil {
		return nil, err
	}
	byNode := map[*node][]string{} // uids of stages, which sorting keeps
	for n, stages := range c.stages {
		for _, i := range stages {
			byNode[n] = append(byNode[n], c.plan.Stages[i].UID)
		}
	}
	if err := c.plan.sort(); err != nil {
		return nil, err
	}
	g := &Graph{Job: j.name}
	g.addStages(c.plan)
	for _, n := range j.nodes {
		o, err := n.describe()
		if err != nil {
			return nil, fmt.Errorf("job %q: %w", j.name, err)
		}
		for i := range g.Stages {
			if s := &g.Stages[i]; slices.Contains(byNode[n], s.UID) {
				o.Stages = append(o.Stages, i)
				s.Operators = append(s.Operators, o.Name)
			}
		}
		g.Operators = append(g.Operators, o)
		if n.exchange != nil {
			g.addExchange(n, c.plan)
		}
	}
	slices.SortFunc(g.Exchanges, func(a, b GraphExchange) int { return a.Number - b.Number })
	return g, nil
}

func (g *Graph) addStages(p *Plan) {
	for i, s := range p.Stages {
		tasks := "WEIR_PARALLELISM tasks, each for a range of keys"
		if s.Source != nil {
			tasks = "a task for each partition"
		}
		g.Stages = append(g.Stages, GraphStage{Number: i, UID: s.UID, Tasks: tasks, Inputs: s.Inputs, Sends: s.Sends})
	}
}

func (g *Graph) addExchange(n *node, p *Plan) {
	x := GraphExchange{Number: *n.exchange, Operator: n.label(), KeyCodec: n.keyCodec}
	for i, s := range p.Stages {
		if slices.Contains(s.Sends, x.Number) {
			x.From = append(x.From, i)
		}
		if slices.Contains(s.Inputs, x.Number) {
			x.To = i
		}
	}
	g.Exchanges = append(g.Exchanges, x)
}

// describe is an operator without its stages.
func (n *node) describe() (GraphOperator, error) {
	o := GraphOperator{Name: n.label(), UID: n.uid, Kind: n.kind, Reads: n.reading.reads(), Settings: n.settings()}
	for i, in := range n.inputs {
		o.Inputs = append(o.Inputs, GraphInput{Operator: in.label(), Side: n.taps[i]})
	}
	o.Writes = slices.Clone(n.sinks)
	if topic := n.onError.Letters; topic != "" {
		o.Writes = append(o.Writes, topic)
	}
	var err error
	o.States, err = n.describeStates()
	return o, err
}

// settings are what its options say, in words.
func (n *node) settings() (all []GraphSetting) {
	all = slices.Clone(n.notes)
	add := func(name, format string, args ...any) {
		all = append(all, GraphSetting{name, fmt.Sprintf(format, args...)})
	}
	n.reading.describe(add)
	if codec, ok := n.through.(interface{ Name() string }); ok {
		add("in a repartition topic", "records are %s", codec.Name())
	}
	switch p := n.onError; {
	case p.Skip:
		add("bad records", "skipped")
	case p.Letters != "":
		add("bad records", "to dead-letter topic %s", p.Letters)
	}
	if n.event.of != nil {
		add("timestamps", "by a function")
	}
	if n.event.watermarks {
		add("watermarks", "%v behind the latest record", n.event.bound)
	}
	if n.event.idle > 0 {
		add("idle", "a partition without records for %v", n.event.idle)
	}
	if c := n.calls; c != nil {
		order := "in order"
		if c.Unordered {
			order = "as results come"
		}
		add("calls", "%d at once in each task, %s", c.Concurrency, order)
		add("attempts", "%d, of up to %v each; with the pauses between them %v", c.Attempts, c.Timeout, c.Longest())
	}
	return all
}

// describe adds what is not at its default.
func (s *SourceSpec) describe(add func(name, format string, args ...any)) {
	if s.Start.Kind() != StartEarliest {
		add("begins at", "%v", s.Start)
	}
	if s.Bounded {
		add("ends", "where its partitions end at the first start")
	}
	if s.First {
		add("read", "before other sources")
	}
	if s.MaxDrift > 0 {
		add("aligned", "no partition more than %v ahead", s.MaxDrift)
	}
}

// tap notes which output its i-th input is, for Describe.
func (n *node) tap(i int, tag string) {
	if n.taps == nil {
		n.taps = map[int]string{}
	}
	n.taps[i] = tag
}

// note adds a setting to the description.
func (n *node) note(name, format string, args ...any) {
	n.notes = append(n.notes, GraphSetting{name, fmt.Sprintf(format, args...)})
}

// describeStates lets the operator declare its states once.
func (n *node) describeStates() (states []GraphState, err error) {
	if n.states == nil {
		return nil, nil
	}
	reg, err := state.NewRegistry(nil)
	if err != nil {
		return nil, err
	}
	ttls := map[string]TTL{}
	if n.inspect != nil {
		var s *Setup
		if s, err = n.inspect(reg); err == nil {
			ttls = s.ttls
		}
	} else {
		err = n.states(reg)
	}
	stamps := map[string]bool{}
	for name := range ttls {
		stamps[state.StampName(name)] = true
	}
	for _, d := range reg.Descriptors() {
		if stamps[d.Name] {
			continue
		}
		s := GraphState{Name: d.Name, Kind: string(d.Kind), KeyCodec: d.KeyCodec, MapKeyCodec: d.MapKeyCodec, ValueCodec: d.ValueCodec}
		if ttl, ok := ttls[d.Name]; ok {
			s.TTL = ttl.String()
		}
		states = append(states, s)
	}
	return states, err
}

// String is the TTL in words.
func (t TTL) String() string {
	s := t.After.Round(time.Millisecond).String() + " after it was written"
	if t.OnRead {
		s += " or read"
	}
	if t.Domain == EventTime {
		s += ", in event time"
	}
	return s
}
