package stream

import (
	"fmt"
	"slices"
	"strings"
)

// Graph describes a job: its operators, and the stages that the plan has put them into. It is what Describe returns and what
// `processor graph` shows; as JSON it is part of the HTTP API.
type Graph struct {
	Job       string          `json:"job"`
	Operators []GraphOperator `json:"operators"` // inputs come before those that read them
	Stages    []GraphStage    `json:"stages"`    // every stage comes after those that send to it
	Exchanges []GraphExchange `json:"exchanges"`
}

// GraphOperator is an operator of a Graph.
type GraphOperator struct {
	Name string `json:"name"` // the uid, or what the plan calls an operator without one
	UID  string `json:"uid,omitempty"`
	Kind string `json:"kind"`
	// Inputs are the operators that it reads.
	Inputs []GraphInput `json:"inputs,omitempty"`
	// Reads and Writes are topics.
	Reads    []string       `json:"reads,omitempty"`
	Writes   []string       `json:"writes,omitempty"`
	States   []GraphState   `json:"states,omitempty"`
	Settings []GraphSetting `json:"settings,omitempty"`
	// Stages are the numbers of those that it runs in: several, if there is a union in front of it.
	Stages []int `json:"stages"`
}

// GraphInput is an operator that another one reads.
type GraphInput struct {
	Operator string `json:"operator"`
	Side     string `json:"side,omitempty"` // tag of the side output; empty: the main one
}

// GraphState is a state of an operator.
type GraphState struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`
	KeyCodec    string `json:"keyCodec,omitempty"`
	MapKeyCodec string `json:"mapKeyCodec,omitempty"`
	ValueCodec  string `json:"valueCodec"`
	TTL         string `json:"ttl,omitempty"`
}

// GraphSetting is a setting of an operator that is not told by anything else.
type GraphSetting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// GraphStage is operators that run in the same tasks.
type GraphStage struct {
	Number int    `json:"number"`
	UID    string `json:"uid"` // of the operator that it begins with
	Tasks  string `json:"tasks"`
	// Inputs and Sends are numbers of exchanges.
	Inputs    []int    `json:"inputs,omitempty"`
	Sends     []int    `json:"sends,omitempty"`
	Operators []string `json:"operators"`
}

// GraphExchange is where records go to other tasks, by key.
type GraphExchange struct {
	Number   int    `json:"number"`
	Operator string `json:"operator"` // the keyBy
	KeyCodec string `json:"keyCodec"`
	From     []int  `json:"from"` // stages
	To       int    `json:"to"`
}

// String shows the graph to people, stage by stage.
func (g *Graph) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "job %s\n", g.Job)
	for _, s := range g.Stages {
		fmt.Fprintf(&b, "\nstage %d: %s%s\n", s.Number, s.Tasks, g.behind(s))
		for _, name := range s.Operators {
			g.operator(name).write(&b, s.Number)
		}
		for _, x := range s.Sends {
			e := g.Exchanges[x]
			fmt.Fprintf(&b, "  → exchange %d by %q (%s) to stage %d\n", x, e.Operator, e.KeyCodec, e.To)
		}
	}
	return b.String()
}

func (g *Graph) behind(s GraphStage) string {
	if len(s.Inputs) == 0 {
		return ""
	}
	return ", behind exchange " + numbers(s.Inputs)
}

func (g *Graph) operator(name string) *GraphOperator {
	i := slices.IndexFunc(g.Operators, func(o GraphOperator) bool { return o.Name == name })
	return &g.Operators[i]
}

// write shows an operator as part of a stage; what it has is told in the first of its stages only.
func (o *GraphOperator) write(b *strings.Builder, stage int) {
	fmt.Fprintf(b, "  %s (%s)", o.Name, o.Kind)
	if from := o.from(); from != "" {
		fmt.Fprintf(b, " of %s", from)
	}
	if first := o.Stages[0]; first != stage {
		fmt.Fprintf(b, ", as in stage %d\n", first)
		return
	}
	b.WriteByte('\n')
	for _, line := range o.details() {
		fmt.Fprintf(b, "      %s\n", line)
	}
}

func (o *GraphOperator) from() string {
	var from []string
	for _, in := range o.Inputs {
		from = append(from, in.String())
	}
	return strings.Join(from, ", ")
}

func (in GraphInput) String() string {
	if in.Side == "" {
		return in.Operator
	}
	return fmt.Sprintf("%s's side output %q", in.Operator, in.Side)
}

// details are topics, settings and states in words.
func (o *GraphOperator) details() (lines []string) {
	if len(o.Reads) > 0 {
		lines = append(lines, "reads "+strings.Join(o.Reads, ", "))
	}
	if len(o.Writes) > 0 {
		lines = append(lines, "writes "+strings.Join(o.Writes, ", "))
	}
	for _, s := range o.Settings {
		lines = append(lines, s.Name+": "+s.Value)
	}
	for _, s := range o.States {
		lines = append(lines, s.String())
	}
	return lines
}

func (s GraphState) String() string {
	line := fmt.Sprintf("state %q: %s", s.Name, s.Kind)
	switch {
	case s.MapKeyCodec != "":
		line += fmt.Sprintf(" from %s to %s", s.MapKeyCodec, s.ValueCodec)
	case s.ValueCodec != noCodec:
		line += " of " + s.ValueCodec
	}
	if s.KeyCodec != "" {
		line += fmt.Sprintf(", by key (%s)", s.KeyCodec)
	}
	if s.TTL != "" {
		line += ", lives " + s.TTL
	}
	return line
}

// noCodec is what timers have for a value codec.
const noCodec = "none"

func numbers(ns []int) string {
	var s []string
	for _, n := range ns {
		s = append(s, fmt.Sprint(n))
	}
	return strings.Join(s, ", ")
}
