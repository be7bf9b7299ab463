package weirtest

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// byPattern counts the words of all topics that its pattern matches, as two operators do if both is set.
func byPattern(both bool) func() *stream.Job {
	return func() *stream.Job {
		job := stream.NewJob("counts")
		words := stream.From(job, stream.Pattern("^in-.*$"), stream.Values(state.String{}), stream.UID("source"))
		byWord := stream.KeyBy(words, same, stream.UID("by_word"))
		stream.Count(byWord, stream.UID("count"))
		if both {
			stream.Count(byWord, stream.UID("other"))
		}
		return job
	}
}

// What may go is named: what is not named is refused, and so is a name that nothing has.
func TestAllowDroppedNames(t *testing.T) {
	h := New(t, byPattern(true), Topics("in-a", "in-b"))
	h.Send("in-a", Value("x"))
	h.Send("in-b", Value("x"))
	h.Commit()
	url := "file://" + t.TempDir() + "/savepoint"
	h.Savepoint(url)
	start := []Option{StartFrom(url), Topics("in-a")} // the other one is gone
	for name, c := range map[string]struct {
		drop []string
		want []string // in the error; none: it starts
	}{
		"all":         {[]string{runtime.DropAll}, nil},
		"by name":     {[]string{"other/count", "source/in-b"}, nil},
		"by operator": {[]string{"other", "source"}, nil},
		"a state of two": {[]string{"other"},
			[]string{`topic "in-b", which does not exist any more (WEIR_ALLOW_DROPPED_STATE=source/in-b lets its position go)`, "WEIR_RESTORE_OFFSETS"}},
		"a topic of two":    {[]string{"source"}, []string{`no operator of the job has state "count" of operator "other" (`, "WEIR_ALLOW_DROPPED_STATE=<uid>/<name>"}},
		"what is not there": {[]string{"other", "source", "othr/count"}, []string{`WEIR_ALLOW_DROPPED_STATE names "othr/count", but`}},
	} {
		t.Run(name, func(t *testing.T) {
			opts := append([]Option{AllowDroppedState(c.drop...)}, start...)
			if len(c.want) > 0 {
				err := starts(t, byPattern(false), opts...)
				for _, want := range c.want {
					if !errors.Is(err, runtime.ErrState) && !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), want) {
						t.Errorf("%v\nwant %s", err, want)
					}
				}
				return
			}
			h := New(t, byPattern(false), opts...)
			h.Send("in-a", Value("x"))
			h.Commit()
			if got := State(h, "count", "count", state.String{}, state.Int64{}); !maps.Equal(got, map[string]int64{"x": 3}) {
				t.Errorf("state %v", got)
			}
		})
	}
}
