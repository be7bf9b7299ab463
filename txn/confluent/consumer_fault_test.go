package confluent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

func TestConsumerFaults(t *testing.T) {
	for _, c := range []struct {
		key    kmsg.Key
		err    *kerr.Error
		n      int
		want   txn.Class
		events string // heard in the end
	}{
		{kmsg.Heartbeat, kerr.UnknownMemberID, 1, 0, "assigned lost assigned"},
		{kmsg.Heartbeat, kerr.IllegalGeneration, 1, 0, "assigned lost assigned"},
		{kmsg.Heartbeat, kerr.RebalanceInProgress, 1, 0, "assigned revoked assigned"},
		{kmsg.Heartbeat, kerr.FencedInstanceID, 1, txn.ClassFenced, ""},
		{kmsg.Fetch, kerr.TopicAuthorizationFailed, 2, txn.ClassFatal, ""}, // kfake looks twice for one answer
		{kmsg.Fetch, kerr.NotLeaderForPartition, 3, 0, "assigned"},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.key.Name(), c.err.Message), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			f := w.cluster.Fault(fault(c.key, c.err, c.n))
			end := time.Now().Add(8 * time.Second)
			for time.Now().Before(end) {
				_, err := w.c.Poll(20*time.Millisecond, 10)
				if got := txn.ClassOf(err); got != 0 && got != txn.ClassRetry {
					if got != c.want {
						t.Errorf("got class %v, want %v: %v", got, c.want, err)
					}
					if c.key == kmsg.Fetch && !strings.Contains(err.Error(), `topic "in" partition 0`) {
						t.Errorf("the error does not name the partition: %v", err)
					}
					break
				}
				if c.want == 0 && f.Hits() >= c.n && strings.Join(w.events, " ") == c.events {
					break
				}
			}
			if !time.Now().Before(end) {
				t.Errorf("neither class %v nor events %q in time; heard %v", c.want, c.events, w.events)
			}
			if f.Hits() < c.n {
				t.Errorf("the fault was met %d times; want %d", f.Hits(), c.n)
			}
		})
	}
}

// TestTopicHeardOfLate: a broker that has not heard of a new topic yet must not keep the consumer out of the group.
func TestTopicHeardOfLate(t *testing.T) {
	t.Run("one of one", func(t *testing.T) { heardOfLate(t, "in") })
	t.Run("one of two", func(t *testing.T) { heardOfLate(t, "in", "out") })
}

func heardOfLate(t *testing.T, topics ...string) {
	t.Parallel()
	w := newQuietWorld(t)
	f := w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "in", Err: kerr.UnknownTopicOrPartition, Count: 5})
	var err error
	w.c, err = w.client.NewConsumer(txn.ConsumerConfig{Topics: topics, Group: "g", InstanceID: "i"}, w)
	must(t, err)
	defer w.c.Close()
	start := time.Now()
	for len(w.owned) < len(topics) && time.Since(start) < 10*time.Second {
		if _, err := w.c.Poll(20*time.Millisecond, 1); err != nil && txn.ClassOf(err) != txn.ClassRetry {
			t.Fatal(err)
		}
	}
	if len(w.owned) != len(topics) || f.Hits() < 5 {
		t.Errorf("owns %v after %v and %d faults", w.owned, time.Since(start), f.Hits())
	}
}

func TestOffsetFaults(t *testing.T) {
	for _, c := range []faultCase{
		{kmsg.OffsetCommit, kerr.CoordinatorLoadInProgress, 2, 0},
		{kmsg.OffsetCommit, kerr.NotCoordinator, 1, 0},
		{kmsg.OffsetCommit, kerr.RequestTimedOut, 1, 0},
		{kmsg.OffsetCommit, kerr.IllegalGeneration, 1, txn.ClassAbort},
		{kmsg.OffsetCommit, kerr.UnknownMemberID, 1, txn.ClassAbort},
		{kmsg.OffsetCommit, kerr.RebalanceInProgress, 1, txn.ClassAbort},
		{kmsg.OffsetCommit, kerr.FencedInstanceID, 1, txn.ClassFenced},
		{kmsg.OffsetCommit, kerr.GroupAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.OffsetCommit, kerr.OffsetMetadataTooLarge, 1, txn.ClassFatal},
		{kmsg.OffsetFetch, kerr.UnstableOffsetCommit, 3, 0},
		{kmsg.OffsetFetch, kerr.CoordinatorLoadInProgress, 2, 0},
		{kmsg.OffsetFetch, kerr.GroupAuthorizationFailed, 1, txn.ClassFatal},
	} {
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			c.under(w, func() (err error) {
				if c.key == kmsg.OffsetCommit {
					return w.c.Commit(w.ctx, map[txn.Partition]txn.Position{in0: {Offset: 1}}, w.meta)
				}
				_, err = w.c.Committed(w.ctx, []txn.Partition{in0})
				return err
			})
		})
	}
}
