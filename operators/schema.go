package operators

import "github.com/weirstream/weir/state"

// Schema is that of the accumulators.
func (c SessionsCodec[A]) Schema() string { return state.SchemaOf(c.Acc) }

// Schema is that of the accumulator.
func (c CountedCodec[A]) Schema() string { return state.SchemaOf(c.Acc) }

// Schema is that of the records.
func (c HeldCodec[T]) Schema() string { return state.SchemaOf(c.Of) }
