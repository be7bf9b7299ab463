package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// JoinTable looks up the row of its key for every record of a stream, in an inner or a left join. The table is kept in the state "table", and emits nothing itself.
//
// A record meets the row as it is when the record is processed. Changes of a row keep their order, and so do records of a key that come from one
// partition; but between stream and table there is none: a change that is under way may come before or after a record that was written at
// the same time. What was committed stays: after a restart records meet the rows of the same checkpoint. With TableTTL rows expire.
func JoinTable[K, T, V, U any](s *Keyed[K, T], table *Keyed[K, Change[K, V]], codec state.Codec[V], join Joiner[T, V, U], opts ...Option) *Keyed[K, U] {
	n, out := afterBoth[K, T, Change[K, V], U](s, table, "jointable", opts)
	n.need(codec != nil, nilCodec)
	n.need(join.Both != nil, nilFunction)
	n.need(join.Right == nil, "a stream and a table have no outer join: a change of the table emits nothing. Want InnerJoin or LeftJoin, or JoinTables")
	n.silent = true
	open := func(s *Setup) *state.Value[V] {
		if n.ttl != nil {
			return ValueState(s, "table", codec, *n.ttl)
		}
		return ValueState(s, "table", codec)
	}
	keepBoth(n, out.codec, s.out, table.out, open, func(b *builder, g *operators.Guard, rows *state.Value[V]) (operators.Push[T], operators.Push[Change[K, V]]) {
		record, change := operators.JoinTable[K](b.task, n.label(), rows, join, out.held(b, g))
		return operators.Guarded(g, record), change
	})
	return out
}

// TableTTL lets the rows that a JoinTable keeps expire.
func TableTTL(ttl TTL) Option { return func(n *node) { n.ttl = &ttl } }

// JoinTables joins two tables to a third one, row by row, in an inner, left or outer join. Every change of either table emits what has become
// of the row: its new value or, if it was there and the join has it no more, its deletion. The tables are kept in the states "left" and "right".
func JoinTables[K, L, R, U any](left *Keyed[K, Change[K, L]], right *Keyed[K, Change[K, R]], leftCodec state.Codec[L], rightCodec state.Codec[R],
	join Joiner[L, R, U], opts ...Option) *Keyed[K, Change[K, U]] {
	n, out := afterBoth[K, Change[K, L], Change[K, R], Change[K, U]](left, right, "jointables", opts)
	n.need(leftCodec != nil && rightCodec != nil, nilCodec)
	n.need(join.Both != nil, nilFunction)
	type rows struct {
		left  *state.Value[L]
		right *state.Value[R]
	}
	open := func(s *Setup) rows {
		return rows{ValueState(s, "left", leftCodec), ValueState(s, "right", rightCodec)}
	}
	keepBoth(n, out.codec, left.out, right.out, open, func(b *builder, g *operators.Guard, r rows) (operators.Push[Change[K, L]], operators.Push[Change[K, R]]) {
		left, right := operators.JoinTables(b.task, n.label(), r.left, r.right, join, out.held(b, g))
		return operators.Guarded(g, left), operators.Guarded(g, right)
	})
	return out
}
