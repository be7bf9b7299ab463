package stream

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/operators"
)

// Tag names a side output, and says what is in it.
type Tag[T any] struct{ name string }

// NewTag makes a tag; its name is unique within an operator.
func NewTag[T any](name string) Tag[T] { return Tag[T]{name} }

// SideOutput declares a side output of a process function: a second stream to emit to, which Side reads.
func SideOutput[T any](s *Setup, tag Tag[T]) *operators.Side[T] {
	if slices.Contains(s.sides, tag.name) {
		s.fail(fmt.Errorf("side output %q is declared twice", tag.name))
	}
	s.sides = append(s.sides, tag.name)
	read, ok := s.node.sides[tag.name]
	if !ok {
		return operators.NewSide[T](nil, nil)
	}
	f, ok := read.(*flow[T])
	if !ok {
		s.fail(fmt.Errorf("side output %q is of another type than the tag that reads it", tag.name))
		return operators.NewSide[T](nil, nil)
	}
	if s.build == nil {
		return operators.NewSide[T](nil, nil)
	}
	return operators.NewSide(s.build.task, operators.Held(s.guard, f.build(s.build)))
}

// Side is a side output of the operator whose main output is s.
func Side[U, T any](s Stream[U], tag Tag[T]) Stream[T] {
	n := s.flow().node
	if f, ok := n.sides[tag.name].(*flow[T]); ok {
		return f
	}
	f := &flow[T]{node: n, tag: tag.name}
	if n.sides[tag.name] != nil {
		n.errs = append(n.errs, fmt.Errorf("side output %q is read as two types", tag.name))
		return f
	}
	if n.sides == nil {
		n.sides = map[string]any{}
	}
	n.sides[tag.name] = f
	return f
}

// checkSides finds side outputs that are read and never written.
func (s *Setup) checkSides() {
	for name := range s.node.sides {
		if !slices.Contains(s.sides, name) {
			s.fail(fmt.Errorf("it has no side output %q: declare it with stream.SideOutput, or with stream.LateTo for a window, stream.LateLeft or LateRight for a join", name))
		}
	}
}

// LateTo sends records that come too late for all of their windows to a side output; without it they are dropped.
func LateTo[T any](tag Tag[T]) Option { return func(n *node) { n.late = tag } }

// LateLeft and LateRight are LateTo for the two inputs of a join.
func LateLeft[L any](tag Tag[L]) Option { return func(n *node) { n.lateLeft = tag } }

// LateRight sends late records of a join's second input to a side output, see LateLeft.
func LateRight[R any](tag Tag[R]) Option { return func(n *node) { n.lateRight = tag } }

// lateSide declares the side output of LateTo or one of its kind, if there is one.
func lateSide[T any](s *Setup, option string, late any) *operators.Side[T] {
	if late == nil {
		return nil
	}
	tag, ok := late.(Tag[T])
	if !ok {
		s.fail(fmt.Errorf("the tag of %s is of another type than the stream's records", option))
		return nil
	}
	return SideOutput(s, tag)
}
