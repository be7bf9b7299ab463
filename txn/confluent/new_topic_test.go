package confluent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

// Each broker hears of a new topic in its own time. A consumer that asks one too early gets the topic's partitions
// soon after, and not only with the next regular look at the cluster.
func TestTopicThatABrokerHasNotHeardOf(t *testing.T) {
	for _, times := range []int{1, 2, 5, 10, 400} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			t.Parallel()
			w := newQuietWorld(t)
			a, err := w.client.NewAdmin()
			must(t, err)
			defer a.Close()
			must(t, a.CreateTopics(w.ctx, []txn.TopicSpec{{Name: "made", Partitions: 3}}))
			f := w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "made", Err: kerr.UnknownTopicOrPartition, Count: times})
			w.c, err = w.client.NewConsumer(txn.ConsumerConfig{Topics: []string{"in", "made"}, Group: "g", InstanceID: "i"}, w)
			must(t, err)
			defer func() { must(t, w.c.Close()) }()
			start := time.Now()
			for len(w.owned) != 4 {
				_, err := w.c.Poll(20*time.Millisecond, 1)
				if c := txn.ClassOf(err); c != 0 && c != txn.ClassRetry || w.ctx.Err() != nil {
					t.Fatalf("%d partitions after %v: %v", len(w.owned), time.Since(start), err)
				}
			}
			took := time.Since(start)
			t.Logf("all partitions after %v, the broker having denied the topic %d times: %v", took, f.Hits(), w.events)
			if took > 10*time.Second || f.Hits() == 0 {
				t.Errorf("it took %v, the broker denied the topic %d times", took, f.Hits())
			}
		})
	}
}
