package weirtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// largest is how large a value of a record without a key can be that a topic of Kafka's default size takes.
const largest = 1048588 - 61 - 4 - 4 - 4

var text = state.String{}

// Records that are as large as a topic takes go through a job, also as dead letters, and through repartition topics along with the source record.
func TestLargeRecords(t *testing.T) {
	job := func() *stream.Job {
		job := stream.NewJob("large")
		lines := stream.From(job, stream.Topics("in"), stream.Values(text), stream.UID("lines"))
		byLetter := stream.KeyBy(lines, func(v string) string { return v[:1] }, stream.UID("by_letter"), stream.Through(text))
		p := stream.Process(byLetter, func(*stream.Setup) stream.ProcessFunc[string, string, string] {
			return func(ctx *stream.Context[string, string], v string) error {
				if v[0] == 'b' {
					return errors.New(strings.Repeat("bad ", 2000))
				}
				ctx.Emit(v)
				return nil
			}
		}, stream.UID("check"), stream.OnError(stream.DeadLetter("letters")))
		stream.To(p, "out", stream.AsValue(text), stream.UID("sink"))
		return job
	}
	for name, options := range map[string][]weirtest.Option{"memory": nil, "kafka": {weirtest.ThroughKafka(1)}} {
		t.Run(name, func(t *testing.T) {
			h := weirtest.New(t, job, options...)
			sizes := []int{600_000, largest - 3000, largest - 200, largest}
			for _, n := range sizes {
				h.Send("in", weirtest.Value(strings.Repeat("a", n)), weirtest.Value(strings.Repeat("b", n)))
			}
			h.Commit()
			out, letters := h.Outputs("out"), h.Outputs("letters")
			if len(out) != len(sizes) || len(letters) != len(sizes) {
				t.Fatalf("%d outputs and %d dead letters", len(out), len(letters))
			}
			for i, n := range sizes {
				if len(out[i].Value) != n || len(letters[i].Value) != n {
					t.Errorf("%d bytes became %d, and %d in the dead letter", n, len(out[i].Value), len(letters[i].Value))
				}
			}
			if got := fmt.Sprint(len(letters[0].Headers), len(letters[1].Headers), len(letters[2].Headers), len(letters[3].Headers)); got != "5 5 5 0" {
				t.Errorf("%s headers", got)
			}
			if whole, cut := letters[0].Headers[0].Value, letters[2].Headers[0].Value; len(whole) != 4096 || len(cut) >= 200 || !strings.HasPrefix(string(whole), string(cut)) {
				t.Errorf("causes of %d and %d bytes", len(whole), len(cut))
			}
		})
	}
}

// A record that is too large for its topic is a failure of the sink on it, which its policy lets go.
func TestTooLarge(t *testing.T) {
	job := func(policy stream.ErrorPolicy) func() *stream.Job {
		return func() *stream.Job {
			job := stream.NewJob("large")
			in := stream.From(job, stream.Topics("in"), stream.Values(text), stream.UID("lines"))
			stream.To(in, "out", func(v string, out *stream.Output) error {
				out.Value = []byte(strings.Repeat(v, 1000))
				return nil
			}, stream.UID("sink"), stream.OnError(policy))
			return job
		}
	}
	send := func(h *weirtest.Harness) {
		h.Send("in", weirtest.Value("a"), weirtest.Value(strings.Repeat("b", 2000)), weirtest.Value("c"))
		h.Commit()
	}
	h := weirtest.New(t, job(stream.Skip))
	send(h)
	if out := h.Outputs("out"); len(out) != 2 {
		t.Errorf("%d outputs", len(out))
	}
	h = weirtest.New(t, job(stream.DeadLetter("letters")))
	send(h)
	if out, letters := h.Outputs("out"), h.Outputs("letters"); len(out) != 2 || len(letters) != 1 || !strings.Contains(string(letters[0].Headers[0].Value), `a record of 2000074 bytes for topic "out", which takes 1048588`) {
		t.Errorf("%d outputs, %d dead letters: %q", len(out), len(letters), letters[0].Headers[0].Value)
	}
}
