package runtime_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
)

// What the source's broker has taken the built-in copy can write, up to the last byte.
func TestCopyOfLargestRecord(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	job, err := jobs.New("copy", jobs.Params{Inputs: []string{"text"}, Output: "word-counts"})
	if err != nil {
		t.Fatal(err)
	}
	const largest = 1048588 - 61 - 4 - 4 - 4
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers), kgo.ProducerBatchMaxBytes(1048588), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	sizes := []int{1_000_100, largest, 5, largest}
	for _, n := range sizes {
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "text", Value: make([]byte, n)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "text", Value: make([]byte, largest+1)}).FirstErr(); err == nil {
		t.Fatal("the broker takes more")
	}
	l := c.start(runs(t, job))
	l.until(t, "all of it", func(s runtime.Status) bool { return s.RecordsIn == uint64(len(sizes)) && s.Commits > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	for i, r := range c.committed("word-counts") {
		if i >= len(sizes) || len(r.Value) != sizes[i] {
			t.Errorf("record %d has %d bytes", i, len(r.Value))
		}
	}
}
