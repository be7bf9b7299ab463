package weirtest_test

import (
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// seen is what the next version of the job keeps for a word.
type seen struct {
	Times int64
	Long  bool
}

// nextJob is the next version of newJob. It keeps more for each word than a number.
func nextJob() *stream.Job {
	job := stream.NewJob("word-count")
	words := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.UID("lines"))
	byWord := stream.KeyBy(words, func(w string) string { return w }, stream.UID("by_word"))
	counts := stream.Process(byWord, func(s *stream.Setup) stream.ProcessFunc[string, string, stream.KV[string, string]] {
		known := stream.ValueState(s, "count", state.JSON[seen]{})
		return func(ctx *stream.Context[string, stream.KV[string, string]], w string) error {
			v, _, err := known.Get()
			if err != nil {
				return err
			}
			v.Times, v.Long = v.Times+1, len(w) > 2
			ctx.Emit(stream.KV[string, string]{Key: w, Value: fmt.Sprint(v.Times, v.Long)})
			return known.Set(v)
		}
	}, stream.UID("count"))
	stream.To(counts, "counts", stream.AsPair(state.String{}, state.String{}), stream.UID("sink"))
	stream.Migrate(job, "count", "count", state.Int64{}, state.JSON[seen]{}, func(n int64) (seen, error) { return seen{Times: n}, nil })
	return job
}

// Does the next version of a job find what the present one has counted? The codec of its state is another one, so it brings a stream.Migrate.
func ExampleStartFrom() {
	test(func(t *testing.T) {
		url := "mem://example/before-upgrade"
		h := weirtest.New(t, newJob)
		h.Send("text", weirtest.Value("to be or"), weirtest.Value("not to be"))
		h.Commit()
		h.Savepoint(url)

		h = weirtest.New(t, nextJob, weirtest.StartFrom(url))
		h.Send("text", weirtest.Value("be"), weirtest.Value("not"))
		h.Commit()
		show(h.Outputs("counts"))
	})
	// Output: be=3 false not=2 true
}
