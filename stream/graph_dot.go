package stream

import (
	"fmt"
	"slices"
	"strings"
)

// DOT is the graph in the language of Graphviz: `processor graph --format dot | dot -Tsvg`. Stages are boxes around their operators, exchanges are
// bold, topics are cylinders.
func (g *Graph) DOT() string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n", quote(g.Job))
	for _, s := range g.Stages {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s;\n", s.Number, quote(fmt.Sprintf("stage %d: %s", s.Number, s.Tasks)))
		for _, name := range s.Operators {
			if o := g.operator(name); o.Stages[0] == s.Number { // a node has one place
				fmt.Fprintf(&b, "    %s [label=%s];\n", quote(name), o.dotLabel())
			}
		}
		b.WriteString("  }\n")
	}
	for _, topic := range g.topics() {
		fmt.Fprintf(&b, "  %s [label=%s, shape=cylinder, style=solid];\n", topicID(topic), quote(topic))
	}
	for i := range g.Operators {
		g.Operators[i].dotEdges(&b, g.exchangeOf(g.Operators[i].Name))
	}
	b.WriteString("}\n")
	return b.String()
}

// exchangeOf is the exchange in front of a keyBy; nil: the operator is none.
func (g *Graph) exchangeOf(operator string) *GraphExchange {
	for i := range g.Exchanges {
		if g.Exchanges[i].Operator == operator {
			return &g.Exchanges[i]
		}
	}
	return nil
}

func (g *Graph) topics() (all []string) {
	for _, o := range g.Operators {
		all = append(append(all, o.Reads...), o.Writes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (o *GraphOperator) dotLabel() string {
	lines := append([]string{o.Name, o.Kind}, o.details()...)
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "reads ") || strings.HasPrefix(l, "writes ") })
	return quote(strings.Join(lines, "\n"))
}

func (o *GraphOperator) dotEdges(b *strings.Builder, x *GraphExchange) {
	for _, topic := range o.Reads {
		fmt.Fprintf(b, "  %s -> %s;\n", topicID(topic), quote(o.Name))
	}
	for _, in := range o.Inputs {
		var attributes []string
		if x != nil {
			attributes = append(attributes, "style=bold", "label="+quote(fmt.Sprintf("exchange %d", x.Number)))
		}
		if in.Side != "" {
			attributes = append(attributes, "taillabel="+quote(in.Side))
		}
		fmt.Fprintf(b, "  %s -> %s%s;\n", quote(in.Operator), quote(o.Name), bracketed(attributes))
	}
	for _, topic := range o.Writes {
		fmt.Fprintf(b, "  %s -> %s;\n", quote(o.Name), topicID(topic))
	}
}

func bracketed(attributes []string) string {
	if len(attributes) == 0 {
		return ""
	}
	return " [" + strings.Join(attributes, ", ") + "]"
}

// topicID is that of a topic's node: a topic may be called like an operator.
func topicID(topic string) string { return quote("topic:" + topic) }

// quote makes a string of DOT, in which only quotes, backslashes and line ends need care.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
