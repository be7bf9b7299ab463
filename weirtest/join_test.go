package weirtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// joins has one of each kind, of texts with a key; a record's timestamp is its time. What comes out has the key. All of them share a stage, in which
// event time goes by two of the sources only.
func joins() *stream.Job {
	type text = stream.KV[string, string]
	codec, words := state.JSON[text]{}, state.String{}
	job := stream.NewJob("joins")
	keyed := func(topic string) *stream.Keyed[string, text] {
		in := stream.From(job, stream.Topics(topic), stream.Pairs(words, words), stream.Watermarks(0), stream.UID(topic))
		return stream.KeyBy(in, func(t text) string { return t.Key }, stream.UID("by_key_"+topic))
	}
	table := func(topic string) *stream.Keyed[string, stream.Change[string, string]] {
		return stream.Table(job, stream.Topics(topic), words, words, stream.UID(topic))
	}
	write := func(s stream.Stream[text], topic string) { stream.To(s, topic, stream.AsPair(words, words)) }
	late := stream.NewTag[text]("late")
	left, right := keyed("left"), keyed("right")
	windows := stream.WindowJoin(left, right, stream.Tumbling(100*time.Millisecond), codec, codec, stream.OuterJoin(func(l, r *text) text {
		switch {
		case l == nil:
			return text{Key: r.Key, Value: "-" + r.Value}
		case r == nil:
			return text{Key: l.Key, Value: l.Value + "-"}
		}
		return text{Key: l.Key, Value: l.Value + r.Value}
	}), stream.UID("windows"), stream.LateLeft(late))
	write(stream.Map(windows, func(p stream.Pane[string, text]) text { return p.Value }), "windows")
	write(stream.Side(windows, late), "late")
	near := stream.IntervalJoin(left, right, -20*time.Millisecond, 20*time.Millisecond, codec, codec, func(l, r text) text {
		return text{Key: l.Key, Value: l.Value + r.Value}
	}, stream.UID("near"))
	write(near, "near")
	rows := table("rows")
	write(stream.JoinTable(near, rows, words, stream.LeftJoin(func(t text, row *string) text {
		if row == nil {
			return t
		}
		return text{Key: t.Key, Value: t.Value + "@" + *row}
	}), stream.UID("lookup")), "lookup")
	stream.To(stream.JoinTables(rows, table("more"), words, words, stream.InnerJoin(func(l, r string) string { return l + r }), stream.UID("tables")),
		"tables", stream.AsChange(words, words))
	judged := stream.ProcessBroadcast(left, stream.Broadcast(stream.From(job, stream.Topics("rules"), stream.Changes(words, words), stream.UID("rules"))),
		func(s *stream.Setup) (stream.ProcessFunc[string, text, text], stream.BroadcastFunc[stream.Change[string, string]]) {
			rules := stream.BroadcastState(s, "rules", words, words)
			return func(ctx *stream.Context[string, text], t text) error {
					rules.Range(func(k, v string) bool {
						t.Value += k + v
						return true
					})
					ctx.Emit(t)
					return nil
				}, func(ctx *stream.BroadcastContext, c stream.Change[string, string]) error {
					if c.Deleted {
						return rules.Delete(ctx, c.Key)
					}
					return rules.Put(ctx, c.Key, c.Value)
				}
		}, stream.UID("judge"))
	write(judged, "judged")
	return job
}

// What joins and broadcast state come to does not depend on crashes.
func TestJoinCrashes(t *testing.T) {
	var input []weirtest.Record
	for _, r := range []struct {
		topic string
		at    int64
		value string
	}{
		{"rules", 10, "1"}, {"rows", 10, "x"}, {"left", 10, "a"}, {"right", 15, "b"}, {"more", 20, "y"}, {"rows", 50, "z"},
		{"left", 150, "d"}, {"right", 160, "e"}, {"rules", 900, ""}, {"rows", 900, ""}, {"left", 40, "f"}, {"left", 900, "g"}, {"right", 900, "h"},
	} {
		rec := weirtest.Pair("k", r.value)
		if r.value == "" {
			rec.Value = nil
		}
		rec.Timestamp = r.at
		input = append(input, weirtest.On(r.topic, rec)...)
	}
	weirtest.CrashEverywhere(t, joins, input, weirtest.Epochs(len(input))) // a crash between any two records
	h := weirtest.New(t, joins)
	for _, r := range input {
		h.Send(r.Topic, r)
		h.Commit()
	}
	got := ""
	for _, topic := range []string{"windows", "late", "near", "lookup", "tables", "judged"} {
		got += topic
		for _, r := range h.Outputs(topic) {
			got += fmt.Sprintf(" %q", r.Value)
		}
		got += "\n"
	}
	want := `windows "ab" "de"
late "f"
near "ab" "de" "gh"
lookup "ab@x" "de@z" "gh"
tables "xy" "zy" ""
judged "ak1" "dk1" "f" "g"
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
