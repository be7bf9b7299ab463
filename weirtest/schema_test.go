package weirtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// keeps keeps the last value that next made of a word, as JSON in the state "v" of operator uid, and tells the one before.
func keeps[T any](uid string, next T, more ...func(*stream.Job)) func() *stream.Job {
	return func() *stream.Job {
		job := stream.NewJob("keeps")
		words := stream.KeyBy(stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source")), same, stream.UID("by_word"))
		before := stream.Process(words, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
			v := stream.ValueState(s, "v", state.JSON[T]{})
			return func(ctx *stream.Context[string, string], w string) error {
				was, ok, err := v.Get()
				if err != nil {
					return err
				}
				ctx.Emit(fmt.Sprintf("%v %v", was, ok))
				return v.Set(next)
			}
		}, stream.UID(uid))
		stream.To(before, "out", stream.AsValue(state.String{}), stream.UID("sink"))
		for _, f := range more {
			f(job)
		}
		return job
	}
}

// first is what the state begins as. Types of later versions stand where they are used, as in a job the name of the type stays.
type first struct {
	Total int64
	Note  string
}

var begun = keeps("p", first{42, "x"})

// then runs the first version, and starts the next one behind it: from its savepoint, or in its place. It returns the last output of the next one and its log.
func then(t *testing.T, fromSavepoint bool, next func() *stream.Job) (output, log string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, failed := newWorld(begun, newSettings(nil))
		if failed != nil {
			t.Fatal(failed)
		}
		url := "file://" + t.TempDir() + "/savepoint"
		if err := errors.Join(w.send(On("in", Value("a"))), w.start(), w.settle(true), w.savepoint(url), w.stop()); err != nil {
			t.Fatal(err)
		}
		if w.job = next; fromSavepoint {
			if w, failed = newWorld(next, newSettings([]Option{StartFrom(url)})); failed != nil {
				t.Fatal(failed)
			}
		}
		if err = errors.Join(w.start(), w.settle(true)); err == nil { // it starts before there is anything to read
			err = errors.Join(w.send(On("in", Value("a"))), w.settle(true), w.stop())
		}
		_ = w.kill(Kept)
		log = w.log.String()
		if out, _ := w.sink.Records("out", true); len(out) > 0 {
			output = string(out[len(out)-1].Value)
		}
	})
	return output, log, err
}

func migration[Old, New any](convert func(Old) (New, error)) func(*stream.Job) {
	return func(j *stream.Job) { stream.Migrate(j, "p", "v", state.JSON[Old]{}, state.JSON[New]{}, convert) }
}

// A type that can't read what there is, is refused before a record is read, with both schemas. Others go on, and doubts are told.
func TestSchemaChanges(t *testing.T) {
	type added struct {
		More  []string
		Total int64
		Note  string
	}
	type removed struct{ Total int64 }
	type renamed struct {
		Sum  int64
		Note string
	}
	type text struct{ Total string }
	type narrow struct{ Total int8 }
	type wide struct{ Total any }
	for name, c := range map[string]struct {
		job           func() *stream.Job
		output        string
		broken, doubt string
	}{
		"the same": {begun, "{42 x} true", "", ""},
		"another name and order": {keeps("p", struct {
			Note, more   string
			total, Total int64
		}{}), "{x  0 42} true", "", ""},
		"a field more":        {keeps("p", added{}), "{[] 42 x} true", "", ""},
		"a field less":        {keeps("p", removed{}), "{42} true", "", ""},
		"a field of any kind": {keeps("p", wide{}), "{42} true", "", ""},
		"a field renamed":     {keeps("p", renamed{}), "{0 x} true", "", "Total: gone, and new: Sum"},
		"a narrower number":   {keeps("p", narrow{}), "{42} true", "", "Total: int8, was int64"},
		"another kind":        {keeps("p", text{}), "", "Total: string, was int64", ""},
		"no struct":           {keeps("p", []first{}), "", "the value: list, was struct", ""},
	} {
		for how, fromSavepoint := range map[string]bool{"restart": false, "savepoint": true} {
			t.Run(name+"/"+how, func(t *testing.T) {
				output, log, err := then(t, fromSavepoint, c.job)
				if c.broken != "" {
					for _, want := range []string{"(" + c.broken + ")", `state "v" of operator "p"`, `{"Note":"string","Total":"int64"}`, "stream.Migrate"} {
						if !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), want) {
							t.Errorf("%v\nwant %s", err, want)
						}
					}
					return
				}
				if warned := strings.Count(log, "values may be misread"); err != nil || (warned == 1) != (c.doubt != "") || warned > 1 || !strings.Contains(log, c.doubt) {
					t.Errorf("%v, %d warnings, want %q\n%s", err, warned, c.doubt, log)
				}
				if output != c.output {
					t.Errorf("it has read %s, want %s", output, c.output)
				}
			})
		}
	}
}

// A migration of JSON to JSON goes by the fields, whatever the types are called. What waits for one is refused where it does not happen.
func TestMigrateJSON(t *testing.T) {
	type Order struct { // called as it was once
		Sum  int64
		Note string
	}
	toSum := func(o first) (Order, error) { return Order{o.Total, o.Note}, nil }
	job := keeps("p", Order{1, "y"}, migration(toSum))
	if output, log, err := then(t, true, job); err != nil || output != "{42 x} true" {
		t.Errorf("%s %v\n%s", output, err, log)
	}
	if _, _, err := then(t, false, job); !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), "is still as it was before its stream.Migrate") {
		t.Errorf("a restart: %v", err)
	}
	type other struct{ Count int64 }
	_, _, err := then(t, true, keeps("p", Order{}, migration(func(o other) (Order, error) { return Order{}, nil })))
	if !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), `Migrate of state "v" of operator "p": whether the values are to be converted can't be told: their schema is {"Note":"string","Total":"int64"}`) {
		t.Errorf("a migration from something else: %v", err)
	}
	if output, log, err := then(t, true, keeps("p", first{}, migration(func(o other) (first, error) { return first{}, errors.New("no") }))); err != nil || output != "{42 x} true" {
		t.Errorf("converted already: %s %v\n%s", output, err, log)
	}
}

// An operator whose uid has changed begins without its state, and the log says so at every start.
func TestRestartNamesStateWithoutOperator(t *testing.T) {
	output, log, err := then(t, false, keeps("q", first{}))
	if err != nil || output != "{0 } false" || !strings.Contains(log, "state that no operator of the job has") || !strings.Contains(log, `\"v\" of operator \"p\"`) {
		t.Errorf("%s %v\n%s", output, err, log)
	}
	if _, log, err := then(t, false, begun); err != nil || strings.Contains(log, "no operator") {
		t.Errorf("%v\n%s", err, log)
	}
}
