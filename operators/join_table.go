package operators

import "github.com/weirstream/weir/state"

// Change is what happens to a table: a key has a new value, or none any more.
type Change[K, V any] struct {
	Key     K
	Value   V
	Deleted bool
}

// JoinTable looks up the present value of a table for every record. Changes of the table emit nothing.
func JoinTable[K, T, V, U any](t *Task, uid string, table *state.Value[V], j Joiner[T, V, U], next Push[U]) (Push[T], Push[Change[K, V]]) {
	op := t.operator(uid)
	record := func(v T) error {
		t.op = op
		row, ok, err := table.Get()
		switch {
		case err != nil:
			return t.fail(op, err)
		case ok:
			return next(j.Both(v, row))
		case j.Left != nil:
			return next(j.Left(v))
		}
		return nil
	}
	change := func(c Change[K, V]) error {
		t.op = op
		return t.failed(op, apply(table, c))
	}
	return record, change
}

func apply[K, V any](table *state.Value[V], c Change[K, V]) error {
	if c.Deleted {
		return table.Clear()
	}
	return table.Set(c.Value)
}

// tables is a join of two tables.
type tables[K, L, R, U any] struct {
	t     *Task
	op    int32
	key   *K
	left  *state.Value[L]
	right *state.Value[R]
	join  Joiner[L, R, U]
	next  Push[Change[K, U]]
}

// JoinTables keeps the present value of two tables and emits the changes of what they come to together.
func JoinTables[K, L, R, U any](t *Task, uid string, left *state.Value[L], right *state.Value[R], j Joiner[L, R, U],
	next Push[Change[K, U]]) (Push[Change[K, L]], Push[Change[K, R]]) {
	o := &tables[K, L, R, U]{t: t, op: t.operator(uid), key: t.key.(*K), left: left, right: right, join: j, next: next}
	return func(c Change[K, L]) error {
			return changed(o, left, c, func(w *row[L, R]) { w.l, w.left = c.Value, !c.Deleted })
		}, func(c Change[K, R]) error {
			return changed(o, right, c, func(w *row[L, R]) { w.r, w.right = c.Value, !c.Deleted })
		}
}

// changed applies a change to one of the tables, and emits what has become of the row. The functions come before the change, see Guard.
func changed[K, L, R, U, V any](o *tables[K, L, R, U], table *state.Value[V], c Change[K, V], change func(w *row[L, R])) error {
	o.t.op = o.op
	if c.Deleted {
		if _, known, err := table.Get(); err != nil || !known {
			return o.t.failed(o.op, err)
		}
	}
	before, err := o.row()
	if err != nil {
		return o.t.fail(o.op, err)
	}
	after := before
	change(&after)
	there := o.exists(after)
	out := Change[K, U]{Key: *o.key, Deleted: !there}
	if there {
		out.Value = o.join.of(after)
	}
	if err := apply(table, c); err != nil {
		return o.t.fail(o.op, err)
	}
	if !there && !o.exists(before) {
		return nil
	}
	return o.next(out)
}

func (o *tables[K, L, R, U]) row() (w row[L, R], err error) {
	if w.l, w.left, err = o.left.Get(); err == nil {
		w.r, w.right, err = o.right.Get()
	}
	return w, err
}

// exists says whether the joined table has the row.
func (o *tables[K, L, R, U]) exists(w row[L, R]) bool {
	return w.left && (w.right || o.join.Left != nil) || w.right && !w.left && o.join.Right != nil
}

// Changes turns records into changes of their key's row.
func Changes[K, T, V any](t *Task, uid string, of func(v T) (value V, ok bool), next Push[Change[K, V]]) Push[T] {
	op := t.operator(uid)
	key := t.key.(*K)
	return func(v T) error {
		t.op = op
		value, ok := of(v)
		return next(Change[K, V]{*key, value, !ok})
	}
}
