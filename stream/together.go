package stream

import (
	"cmp"
	"fmt"
	"slices"
)

// groups are the keyBys that feed one stage, by each of them: those whose streams meet in a join. A keyBy alone is a group of one.
func (j *Job) groups() map[*node][]*node {
	groups := map[*node][]*node{}
	for _, n := range j.nodes {
		if n.exchange != nil {
			groups[n] = []*node{n}
		}
		if !n.together {
			continue
		}
		var group []*node
		for _, keyBy := range n.entries(map[*node]bool{}) {
			group = append(group, groups[keyBy]...)
		}
		// A keyBy says what keys are, and names the stage: a broadcast comes behind.
		slices.SortFunc(group, func(a, b *node) int { return cmp.Or(a.keyless-b.keyless, a.number-b.number) })
		group = slices.Compact(group)
		for _, keyBy := range group {
			groups[keyBy] = group
		}
	}
	return groups
}

// entries are the keyBys and sources at which the stages begin that n runs in.
func (n *node) entries(seen map[*node]bool) (found []*node) {
	if seen[n] {
		return nil
	}
	seen[n] = true
	if n.exchange != nil || n.source() {
		return []*node{n}
	}
	for _, in := range n.inputs {
		found = append(found, in.entries(seen)...)
	}
	return found
}

// time says which stages watermarks reach. Stages come after those that send to them.
func (p *Plan) time() {
	timed := map[int]bool{} // exchanges
	for i := range p.Stages {
		s := &p.Stages[i]
		for _, x := range s.Inputs {
			s.EventTime = s.EventTime || timed[x]
		}
		for _, x := range s.Sends {
			timed[x] = timed[x] || s.EventTime
		}
	}
}

// sort puts every stage behind those that send to it. A circle is a mistake: its tasks would wait for their own barriers.
func (p *Plan) sort() error {
	var sorted []Stage
	ready := map[int]int{} // how many stages are still to send to an exchange
	for i := range p.Stages {
		for _, x := range p.Stages[i].Sends {
			ready[x]++
		}
	}
	left := p.Stages
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(s Stage) bool {
			return !slices.ContainsFunc(s.Inputs, func(x int) bool { return ready[x] > 0 })
		})
		if i < 0 {
			return fmt.Errorf("job %q: stage %q joins a stream with one that is made of it behind another KeyBy; give the join a KeyBy or Broadcast of its own for the first one",
				p.Job, left[0].Name)
		}
		for _, x := range left[i].Sends {
			ready[x]--
		}
		sorted = append(sorted, left[i])
		left = slices.Delete(slices.Clone(left), i, i+1)
	}
	p.Stages = sorted
	return nil
}
