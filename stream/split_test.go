package stream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
)

func words(job *stream.Job) stream.Stream[string] {
	return stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("in"))
}

// Numbers, and whatever else there is.
func ExampleSplit() {
	job := stream.NewJob("numbers")
	other := stream.NewTag[string]("other")
	numbers := stream.Split(words(job), func(s *stream.Setup) stream.SplitFunc[string, int] {
		rest := stream.SideOutput(s, other)
		return func(v string, emit func(int)) error {
			var n int
			if _, err := fmt.Sscan(v, &n); err != nil {
				rest.Emit(v)
				return nil
			}
			emit(n)
			return nil
		}
	})
	doubled := stream.Map(numbers, func(n int) string { return fmt.Sprint(2 * n) })
	stream.To(doubled, "doubled", stream.AsValue(state.String{}))
	stream.To(stream.Side(numbers, other), "other", stream.AsValue(state.String{}))
	play(job, "1", "many", "4")
	// Output:
	// 2
	// many
	// 8
}

func TestSplitMistakes(t *testing.T) {
	tag := stream.NewTag[string]("t")
	for want, open := range map[string]func(s *stream.Setup) stream.SplitFunc[string, string]{
		`operator "s": its function is nil`:                                          nil,
		`operator "s": open returned no function`:                                    func(*stream.Setup) stream.SplitFunc[string, string] { return nil },
		`operator "s": it has states or timers, which belong to keys: use stream.Pr`: withState,
		`operator "s": it has no side output "t": declare it`:                        func(*stream.Setup) stream.SplitFunc[string, string] { return same },
		`operator "s": panic: boom`:                                                  func(*stream.Setup) stream.SplitFunc[string, string] { panic("boom") },
	} {
		job := stream.NewJob("j")
		s := stream.Split(words(job), open, stream.UID("s"))
		stream.To(s, "out", stream.AsValue(state.String{}))
		stream.To(stream.Side(s, tag), "out", stream.AsValue(state.String{}))
		if _, err := job.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func withState(s *stream.Setup) stream.SplitFunc[string, string] {
	stream.ValueState(s, "v", state.String{})
	return same
}

func same(v string, emit func(string)) error {
	emit(v)
	return nil
}

// An error behind a side output comes first, whatever the function says afterwards.
func TestSplitErrors(t *testing.T) {
	job := stream.NewJob("j")
	tag := stream.NewTag[string]("t")
	s := stream.Split(words(job), func(s *stream.Setup) stream.SplitFunc[string, string] {
		side := stream.SideOutput(s, tag)
		return func(v string, emit func(string)) error {
			side.Emit(v)
			emit(v)
			return errors.New("second")
		}
	}, stream.UID("s"))
	stream.To(s, "out", stream.AsValue(state.String{}))
	failing := stream.TryMap(stream.Side(s, tag), func(string) (string, error) { return "", errors.New("first") }, stream.UID("m"))
	stream.To(failing, "out", stream.AsValue(state.String{}))
	_, err := streamtest.Run(job, "a")
	if err == nil || err.Error() != `operator "m", record in[0]@0: first` {
		t.Error(err)
	}
}

// What a split has emitted of a record that it then fails on is taken back, side outputs included.
func TestSplitOnError(t *testing.T) {
	job := stream.NewJob("j")
	tag := stream.NewTag[string]("t")
	s := stream.Split(words(job), func(s *stream.Setup) stream.SplitFunc[string, string] {
		side := stream.SideOutput(s, tag)
		return func(v string, emit func(string)) error {
			side.Emit(v)
			emit(v)
			if v == "bad" {
				return errors.New("refused")
			}
			return nil
		}
	}, stream.OnError(stream.Skip), stream.UID("s"))
	stream.To(s, "out", stream.AsValue(state.String{}))
	stream.To(stream.Side(s, tag), "side", stream.AsValue(state.String{}))
	records, err := streamtest.Run(job, "1", "bad", "2")
	if err != nil || len(records) != 4 {
		t.Error(records, err)
	}
}
