package stream_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// show names a value that may not be there.
func show(v *string) string {
	if v == nil {
		return "-"
	}
	return *v
}

func matched(kind string) stream.Joiner[string, string, string] {
	switch kind {
	case "left":
		return stream.LeftJoin(func(l string, r *string) string { return l + "+" + show(r) })
	case "outer":
		return stream.OuterJoin(func(l, r *string) string { return show(l) + "+" + show(r) })
	}
	return stream.InnerJoin(func(l, r string) string { return l + "+" + r })
}

// feedOne takes one record through the job, alone, and returns what comes of it. A nil value deletes.
func feedOne(t *rapid.T, r *streamtest.Runner, topic, key string, value *string) (out []string) {
	rec := txn.Record{Key: []byte(key)}
	if value != nil {
		rec.Value = append([]byte{}, *value...)
	}
	if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: topic}, Records: []txn.Record{rec}}); err != nil {
		t.Fatal(err)
	}
	records, err := r.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if rec.Value == nil {
			out = append(out, string(rec.Key)+" deleted")
		} else {
			out = append(out, string(rec.Key)+"="+string(rec.Value))
		}
	}
	return out
}

func drawValue(t *rapid.T) *string {
	if rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
		return nil
	}
	return rapid.Ptr(rapid.SampledFrom([]string{"x", "y", ""}), false).Draw(t, "value")
}

// The output of a join of two tables is at any time the changelog of the joined table: what is in it, joined row by row from scratch, is what a reader of
// the log has, and there is a change only for a row that one of the tables has changed.
func TestJoinTablesEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"inner", "left", "outer"}).Draw(t, "kind")
		text := state.String{}
		job := stream.NewJob("tables")
		joined := stream.JoinTables(stream.Table(job, stream.Topics("left"), text, text), stream.Table(job, stream.Topics("right"), text, text),
			text, text, matched(kind), stream.UID("join"))
		stream.To(joined, "out", stream.AsChange(text, text))
		r, err := streamtest.New(job)
		if err != nil {
			t.Fatal(err)
		}
		r.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
		left, right := map[string]string{}, map[string]string{}
		result := func(key string) *string {
			l, hasL := left[key]
			r, hasR := right[key]
			row := l + "+" + r
			switch {
			case hasL && hasR:
			case hasL && kind != "inner":
				row = l + "+-"
			case hasR && kind == "outer":
				row = "-+" + r
			default:
				return nil
			}
			return &row
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			topic, table := "left", left
			if rapid.Bool().Draw(t, "right") {
				topic, table = "right", right
			}
			key, value := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), drawValue(t)
			before, had := result(key), table[key]
			_, known := table[key]
			delete(table, key)
			if value != nil {
				table[key] = *value
			}
			var want []string
			after := result(key)
			switch {
			case value == nil && !known: // nothing has changed
			case after != nil:
				want = []string{key + "=" + *after}
			case before != nil:
				want = []string{key + " deleted"}
			}
			if got := feedOne(t, r, topic, key, value); !slices.Equal(got, want) {
				t.Fatalf("%s %s: %q → %s gives %q, want %q", topic, key, had, show(value), got, want)
			}
		}
	})
}

// A record meets the row of its key as it is when the record comes.
func TestJoinTableEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"inner", "left"}).Draw(t, "kind")
		text := state.String{}
		job := stream.NewJob("lookup")
		table := stream.Table(job, stream.Topics("table"), text, text) // before the stream: its keyBy is the first of the stage
		records := stream.From(job, stream.Topics("records"), stream.Pairs(text, text))
		byKey := stream.KeyBy(records, func(p stream.KV[string, string]) string { return p.Key })
		join := matched(kind)
		looked := stream.JoinTable(byKey, table, text, stream.Joiner[stream.KV[string, string], string, stream.KV[string, string]]{
			Both: func(p stream.KV[string, string], row string) stream.KV[string, string] {
				return stream.KV[string, string]{Key: p.Key, Value: join.Both(p.Value, row)}
			},
			Left: map[string]func(p stream.KV[string, string]) stream.KV[string, string]{"left": func(p stream.KV[string, string]) stream.KV[string, string] {
				return stream.KV[string, string]{Key: p.Key, Value: join.Left(p.Value)}
			}}[kind],
		}, stream.UID("join"))
		stream.To(looked, "out", stream.AsPair(text, text))
		r, err := streamtest.New(job)
		if err != nil {
			t.Fatal(err)
		}
		r.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
		rows := map[string]string{}
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			var want, got []string
			if rapid.Bool().Draw(t, "change") {
				value := drawValue(t)
				delete(rows, key)
				if value != nil {
					rows[key] = *value
				}
				got = feedOne(t, r, "table", key, value)
			} else {
				value := fmt.Sprint(i)
				if row, ok := rows[key]; ok {
					want = []string{key + "=" + value + "+" + row}
				} else if kind == "left" {
					want = []string{key + "=" + value + "+-"}
				}
				got = feedOne(t, r, "records", key, &value)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	})
}
