package weirtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// newVisits remembers, for each user, the pages in their order and how often each was seen.
func newVisits() *stream.Job {
	job := stream.NewJob("visits")
	views := stream.From(job, stream.Topics("views"), stream.Pairs(state.String{}, state.String{}), stream.UID("views"))
	byUser := stream.KeyBy(views, func(v stream.KV[string, string]) string { return v.Key }, stream.UID("by_user"))
	stream.Process(byUser, func(s *stream.Setup) stream.ProcessFunc[string, stream.KV[string, string], string] {
		trail := stream.ListState(s, "trail", state.String{})
		seen := stream.MapState(s, "seen", state.String{}, state.Int64{})
		return func(_ *stream.Context[string, string], v stream.KV[string, string]) error {
			n, _, err := seen.Get(v.Value)
			if err == nil {
				err = seen.Put(v.Value, n+1)
			}
			if err != nil {
				return err
			}
			return trail.Add(v.Value)
		}
	}, stream.UID("visits"))
	return job
}

func ExampleMapState() {
	test(func(t *testing.T) {
		h := weirtest.New(t, newVisits)
		h.Send("views", weirtest.Pair("ann", "home"), weirtest.Pair("bob", "home"), weirtest.Pair("ann", "cart"), weirtest.Pair("ann", "home"))
		h.Commit()
		fmt.Println(weirtest.MapState(h, "visits", "seen", state.String{}, state.String{}, state.Int64{}))
	})
	// Output: map[ann:map[cart:1 home:2] bob:map[home:1]]
}

func ExampleListState() {
	test(func(t *testing.T) {
		h := weirtest.New(t, newVisits)
		for range 12 { // more than a digit can count
			h.Send("views", weirtest.Pair("ann", "next"))
			h.Commit()
		}
		h.Send("views", weirtest.Pair("ann", "last"), weirtest.Pair("bob", "home"))
		h.Commit()
		trails := weirtest.ListState(h, "visits", "trail", state.String{}, state.String{})
		fmt.Println(strings.Join(trails["ann"][10:], " "), trails["bob"])
	})
	// Output: next next last [home]
}
