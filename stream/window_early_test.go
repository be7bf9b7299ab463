package stream_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// Early results of sessions of event time come from the sessions that have had a record since the last look, and from no other of the key.
func TestEarlyResultsOfSessions(t *testing.T) {
	job := stream.NewJob("early")
	w := stream.Session(10 * time.Second).Early(10 * time.Second)
	in := stream.From(job, stream.Topics("visits"), readVisit, stream.Watermarks(time.Hour), stream.TimestampOf(func(v visit) int64 { return v.At }))
	byName := stream.KeyBy(in, func(v visit) string { return v.Who })
	stream.To(stream.WindowAggregate(byName, w, howMany, stream.UID("early")), "out", writePane)
	r, err := streamtest.New(job)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	offset := int64(0)
	at := func(second int64, visits ...string) {
		t.Helper()
		if err := r.Advance(time.Unix(second, 0)); err != nil {
			t.Fatal(err)
		}
		for _, v := range visits {
			if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "visits"}, Records: []txn.Record{{Value: []byte(v), Offset: offset}}}); err != nil {
				t.Fatal(err)
			}
			offset++
		}
		out, err := r.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range out {
			got = append(got, fmt.Sprintf("by %d: %s", second, rec.Value))
		}
	}
	at(1, "100 ann", "200 ann")
	at(12, "205 ann") // extends the second one
	at(22)
	at(42)
	want := []string{"by 12: ann: 1 from 100s to 110s", "by 12: ann: 1 from 200s to 210s", "by 22: ann: 2 from 200s to 215s"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
