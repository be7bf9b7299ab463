package stream

import "github.com/weirstream/weir/operators"

// Union is the records of several streams of one job as one. Records of each keep their order.
func Union[T any](first Stream[T], others ...Stream[T]) Stream[T] {
	flows := []*flow[T]{first.flow()}
	for _, s := range others {
		flows = append(flows, s.flow())
	}
	var inputs []*node
	for _, f := range flows {
		inputs = append(inputs, f.node)
	}
	n := flows[0].node.job.add("union", nil, inputs...)
	for i, f := range flows {
		n.tap(i, f.tag)
	}
	out := &flow[T]{node: n}
	for _, f := range flows {
		// Once: else records of two streams that pass through one task would overtake each other.
		f.feeds(func(b *builder) operators.Push[T] {
			return once(b, n, func() operators.Push[T] { return out.build(b) })
		})
	}
	return out
}
