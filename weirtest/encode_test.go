package weirtest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// share is JSON, which has no form for what is not a number.
type share struct{ Of float64 }

// brittle panics on "p" in a value.
type brittle struct{ state.String }

func (brittle) Name() string { return "brittle" }

func (brittle) Append(dst []byte, v string) ([]byte, error) {
	if strings.Contains(v, "p") {
		panic(errors.New("it has broken"))
	}
	return append(dst, v...), nil
}

// shares keeps for each key what JSON may have no form for, and its last record.
func shares(opts ...stream.Option) *stream.Job {
	job := stream.NewJob("shares")
	in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	byKey := stream.KeyBy(in, func(v string) string { return v[:1] }, stream.UID("by"))
	out := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		part := stream.ValueState(s, "share", state.JSON[share]{})
		last := stream.ValueState(s, "last", brittle{})
		return func(ctx *stream.Context[string, string], v string) error {
			ctx.Emit(v)
			if strings.Contains(v, "p") {
				return last.Set(v)
			}
			of := 1.0
			if strings.Contains(v, "n") {
				of = math.NaN()
			}
			return part.Set(share{of})
		}
	}, append(opts, stream.UID("share"))...)
	stream.To(out, "out", stream.AsValue(state.String{}), stream.UID("sink"))
	return job
}

// A value that can't be encoded is a failure of the record that brought it, for a policy as for the error that ends the job.
func TestUnencodableState(t *testing.T) {
	for _, bad := range []string{"an", "ap"} {
		t.Run("skip "+bad, func(t *testing.T) {
			h := New(t, func() *stream.Job { return shares(stream.OnError(stream.Skip)) })
			h.Send("in", Values("a1", bad, "a2")...)
			h.Commit()
			if out := h.Outputs("out"); len(out) != 2 || string(out[0].Value) != "a1" || string(out[1].Value) != "a2" {
				t.Errorf("outputs %v", out)
			}
		})
		t.Run("fail "+bad, func(t *testing.T) {
			h := New(t, func() *stream.Job { return shares() })
			said := refuses(t, h, func() {
				h.Send("in", Values("a1", bad)...)
				h.Commit()
			})
			if want := `operator "share", record in[0]@1: `; !strings.Contains(said, want) {
				t.Errorf("%s\nexpected %s", said, want)
			}
			for _, want := range map[string][]string{"an": {`state "share" of operator "share", key "a": codec json: `}, "ap": {"it has broken", `sealing state: state "last" of operator "share", key "a"`}}[bad] {
				if !strings.Contains(said, strings.ReplaceAll(want, `"`, `\"`)) && !strings.Contains(said, want) {
					t.Errorf("%s\nexpected %s", said, want)
				}
			}
		})
	}
}

// Folds refuse it just so: the sum stays as it was.
func TestUnencodableFold(t *testing.T) {
	job := func() *stream.Job {
		job := stream.NewJob("folds")
		in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
		parts := stream.Map(in, func(v string) share {
			if v == "n" {
				return share{math.NaN()}
			}
			return share{float64(len(v))}
		})
		byKey := stream.KeyBy(parts, func(share) string { return "k" }, stream.UID("by"))
		sums := stream.Reduce(byKey, state.JSON[share]{}, func(a, b share) share { return share{a.Of + b.Of} }, stream.UID("sum"), stream.OnError(stream.Skip))
		stream.To(sums, "out", func(s share, out *stream.Output) error {
			out.Value = fmt.Append(nil, s.Of)
			return nil
		}, stream.UID("sink"))
		return job
	}
	h := New(t, job)
	h.Send("in", Values("1", "n", "22")...)
	h.Commit()
	if out := h.Outputs("out"); len(out) != 2 || string(out[0].Value) != "1" || string(out[1].Value) != "3" {
		t.Errorf("outputs %v", out)
	}
}
