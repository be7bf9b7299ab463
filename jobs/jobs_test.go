package jobs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

func build(t testing.TB, name string, p Params) *stream.Job {
	t.Helper()
	job, err := New(name, p)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// show is key=value of every record, in order.
func show(records []txn.Record) string {
	var b strings.Builder
	for _, r := range records {
		fmt.Fprintf(&b, "%s=%s\n", r.Key, r.Value)
	}
	return b.String()
}

func TestWordCount(t *testing.T) {
	out, err := streamtest.Run(build(t, "wordcount", Params{}), "Flink flink, kafka!", "--", "It's FLINK_2 flink")
	if err != nil {
		t.Fatal(err)
	}
	want := "flink=flink 1\nflink=flink 2\nkafka=kafka 1\nit=it 1\ns=s 1\nflink_2=flink_2 1\nflink=flink 3\n"
	if got := show(out); got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}
	if out[0].Topic != "word-counts" || out[0].Partition != txn.AnyPartition {
		t.Fatalf("written to %s[%d]", out[0].Topic, out[0].Partition)
	}
}
