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
	out := &flow[T]{node: n}
	for _, f := range flows {
		f.feeds(func(b *builder) operators.Push[T] { return joined(b, out) })
	}
	return out
}

// joined builds what follows a union once for each task, even if several of its streams pass through that task: else
// their records would overtake each other.
func joined[T any](b *builder, out *flow[T]) operators.Push[T] {
	if push, ok := b.unions[out.node].(operators.Push[T]); ok {
		return push
	}
	if b.unions == nil {
		b.unions = map[*node]any{}
	}
	push := out.build(b)
	b.unions[out.node] = push
	return push
}
