package weirtest_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/weirtest"
)

// newJob builds the job under test: it counts words.
func newJob() *stream.Job {
	job := stream.NewJob("word-count")
	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.UID("lines"))
	words := stream.FlatMap(lines, func(line string, emit func(string)) {
		for _, w := range strings.Fields(line) {
			emit(w)
		}
	}, stream.UID("split"))
	byWord := stream.KeyBy(words, func(w string) string { return w }, stream.UID("by_word"))
	counts := stream.Count(byWord, stream.UID("count"))
	stream.To(counts, "counts", func(c stream.KV[string, int64], out *stream.Output) error {
		out.Key, out.Value = []byte(c.Key), fmt.Appendf(nil, "%d", c.Value)
		return nil
	}, stream.UID("sink"))
	return job
}

func show(records []weirtest.Record) {
	var all []string
	for _, r := range records {
		all = append(all, fmt.Sprintf("%s=%s", r.Key, r.Value))
	}
	fmt.Println(strings.Join(all, " "))
}

// Records go in, and come out once they are committed.
func Example() {
	test(func(t *testing.T) { // in your code: func TestCounts(t *testing.T) {
		h := weirtest.New(t, newJob)
		h.Send("text", weirtest.Value("to be or"), weirtest.Value("not to be"))
		h.Commit()
		show(h.Outputs("counts"))
		fmt.Println(weirtest.State(h, "count", "count", state.String{}, state.Int64{}))
	})
	// Output:
	// to=1 be=1 or=1 not=1 to=2 be=2
	// map[be:2 not:1 or:1 to:2]
}

// A crash undoes what was not committed, and nothing else.
func ExampleHarness_Crash() {
	test(func(t *testing.T) {
		h := weirtest.New(t, newJob)
		h.Send("text", weirtest.Value("a b"))
		h.Commit()
		h.Send("text", weirtest.Value("a"))
		h.Run() // processed, not committed
		h.Crash(weirtest.Lost)
		show(h.Outputs("counts"))
		h.Commit() // by the next process
		show(h.Outputs("counts"))
	})
	// Output:
	// a=1 b=1
	// a=1 b=1 a=2
}

// The commit succeeds on the broker, but the job hears of a lost connection: it has to find out rather than guess.
func ExampleHarness_Arm() {
	test(func(t *testing.T) {
		h := weirtest.New(t, newJob)
		h.Arm(weirtest.Fault{Call: "commit", Nth: 1, When: weirtest.After, Class: txn.ClassUnknown})
		h.Send("text", weirtest.Value("a b a"))
		h.Commit()
		fmt.Println(h.Fired())
		show(h.Outputs("counts"))
	})
	// Output:
	// true
	// a=1 b=1 a=2
}

// One line for all that can go wrong.
func ExampleCrashEverywhere() {
	test(func(t *testing.T) {
		weirtest.CrashEverywhere(t, newJob, weirtest.On("text", weirtest.Values("a b", "b c", "a")...), weirtest.Epochs(2))
		fmt.Println("exactly once:", !t.Failed())
	})
	// Output: exactly once: true
}

// The outputs on a cluster of their own: the decision is there, and the crashes are the same.
func ExampleTwoClusters() {
	test(func(t *testing.T) {
		h := weirtest.New(t, newJob, weirtest.TwoClusters())
		h.Arm(weirtest.Fault{Call: "commit", Nth: 1, When: weirtest.After, Local: weirtest.Lost})
		h.Send("text", weirtest.Value("a b a"))
		h.Commit()
		show(h.Outputs("counts"))
	})
	// Output: a=1 b=1 a=2
}

// test runs f as a test, which an example is not, and keeps the testing package's own words out of its output.
func test(f func(t *testing.T)) {
	out := os.Stdout
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer null.Close()
	os.Stdout = null
	defer func() { os.Stdout = out }()
	var once sync.Once // whatever -count says
	all := func(string, string) (bool, error) { return true, nil }
	testing.RunTests(all, []testing.InternalTest{{Name: "Example", F: func(t *testing.T) {
		once.Do(func() {
			os.Stdout = out
			f(t)
			os.Stdout = null
		})
	}}})
}
