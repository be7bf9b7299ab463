package stream

import "github.com/weirstream/weir/state"

// Through gives a KeyBy or Broadcast the codec of its records, which it needs if they cross in a repartition topic (WEIR_EXCHANGE=kafka). For string, []byte,
// int64 and float64 it is known.
func Through[T any](codec state.Codec[T]) Option { return func(n *node) { n.through = codec } }

// throughOf is the codec of a keyBy's records; nil: there is none.
func throughOf[T any](n *node) state.Codec[T] {
	if n.through != nil {
		codec, ok := n.through.(state.Codec[T])
		n.need(ok, "the codec of Through is for another type than the stream's records")
		return codec
	}
	for _, known := range []any{state.String{}, state.Bytes{}, state.Int64{}, state.Float64{}} {
		if codec, ok := known.(state.Codec[T]); ok {
			return codec
		}
	}
	return nil
}
