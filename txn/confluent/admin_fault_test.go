package confluent_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

// TestAdminFaults: a question that may not be asked names what it was about, and one that fails for a moment is
// asked again.
func TestAdminFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault kfake.Fault
		ask   func(*world, txn.Admin) error
		want  txn.Class
		says  string
	}{
		{"topic not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata, kmsg.DescribeTopicPartitions}, Topic: "in", Err: kerr.TopicAuthorizationFailed, Count: 4}, topics, txn.ClassFatal, `topic "in"`},
		{"leader missing for a moment", kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata, kmsg.DescribeTopicPartitions}, Topic: "in", Err: kerr.LeaderNotAvailable, Count: 2}, topics, 0, ""},
		{"group not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeGroups}, Err: kerr.GroupAuthorizationFailed, Count: 1}, members, txn.ClassFatal, `group "g"`},
		{"coordinator loading", kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Err: kerr.CoordinatorLoadInProgress, Count: 2}, members, 0, ""},
		{"offsets not stable yet", kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnstableOffsetCommit, Count: 3}, committed, 0, ""},
		{"offsets not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.GroupAuthorizationFailed, Count: 1}, committed, txn.ClassFatal, ""},
		{"configuration not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.ClusterAuthorizationFailed, Count: 1}, limit(0), 0, ""},
		{"no fault", kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Observe: true, Count: 1}, limit(15 * time.Minute), 0, ""},
		{"leave not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.LeaveGroup}, Err: kerr.GroupAuthorizationFailed, Count: 1}, leave, txn.ClassFatal, `group "g", instance "i"`},
		{"controller moves", kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.NotController, Count: 2}, create, 0, ""},
		{"created, but the answer is late", kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.RequestTimedOut, Count: 1}, create, 0, ""},
		{"create not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.TopicAuthorizationFailed, Count: 1}, create, txn.ClassFatal, `topic "made"`},
		{"create against the policy", kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.PolicyViolation, Count: 1}, create, txn.ClassFatal, `topic "made"`},
		{"too few brokers", kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.InvalidReplicationFactor, Count: 1}, create, txn.ClassFatal, `topic "made"`},
		{"leader moves", kfake.Fault{Keys: []kmsg.Key{kmsg.DeleteRecords}, Err: kerr.NotLeaderForPartition, Count: 2}, deleteRecords, 0, ""},
		{"delete not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.DeleteRecords}, Err: kerr.TopicAuthorizationFailed, Count: 1}, deleteRecords, txn.ClassFatal, `topic "in" partition 0`},
		{"delete from a compacted topic", kfake.Fault{Keys: []kmsg.Key{kmsg.DeleteRecords}, Err: kerr.PolicyViolation, Count: 1}, deleteRecords, txn.ClassFatal, `topic "in" partition 0`},
		{"topic's configuration not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: 1}, config, txn.ClassFatal, `topic "in"`},
		{"leader moves before it is read", kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.NotLeaderForPartition, Count: 2}, readAll, 0, ""},
		{"leader moves while it is read", kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "out", Err: kerr.NotLeaderForPartition, Count: 2}, readAll, 0, ""},
		{"reading not authorized", kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "out", Err: kerr.TopicAuthorizationFailed, Count: 5}, readAll, txn.ClassFatal, `topic "out"`},
		{"reading needs no group", kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Err: kerr.GroupAuthorizationFailed, Count: 5}, readAll, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			w.produce()
			must(t, w.transact("read by some"))
			a, err := w.client.NewAdmin()
			must(t, err)
			defer a.Close()
			f := w.cluster.Fault(c.fault)
			err = c.ask(w, a)
			if got := txn.ClassOf(err); got != c.want {
				t.Errorf("got class %v, want %v: %v", got, c.want, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error does not say %q: %v", c.says, err)
			}
			if f.Hits() == 0 {
				t.Error("the fault was not met")
			}
		})
	}
}

func topics(w *world, a txn.Admin) error {
	got, err := a.Topics(w.ctx, []string{"in"})
	if err == nil && got["in"] != 1 {
		w.Errorf("topics: %v", got)
	}
	return err
}

func members(w *world, a txn.Admin) error { _, err := a.Members(w.ctx, "g"); return err }

func committed(w *world, a txn.Admin) error {
	_, err := a.Committed(w.ctx, "g", []txn.Partition{in0})
	return err
}

func limit(want time.Duration) func(*world, txn.Admin) error {
	return func(w *world, a txn.Admin) error {
		got, err := a.MaxTransactionTimeout(w.ctx)
		if got != want {
			w.Errorf("got %v, want %v", got, want)
		}
		return err
	}
}

func create(w *world, a txn.Admin) error {
	err := a.CreateTopics(w.ctx, []txn.TopicSpec{{Name: "made", Partitions: 3}})
	if err == nil {
		var got map[string]int
		if got, err = a.Topics(w.ctx, []string{"made"}); got["made"] != 3 {
			w.Errorf("topics: %v", got)
		}
	}
	return err
}

func deleteRecords(w *world, a txn.Admin) error {
	return a.DeleteRecords(w.ctx, map[txn.Partition]int64{in0: 0})
}

func leave(w *world, a txn.Admin) error { return a.Leave(w.ctx, "g", "i", "") }

func config(w *world, a txn.Admin) error { _, err := a.TopicConfig(w.ctx, "in"); return err }

func readAll(w *world, a txn.Admin) error {
	records, err := a.ReadAll(w.ctx, "out")
	if err == nil && (len(records) != 1 || string(records[0].Value) != "read by some") {
		w.Errorf("read %v", records)
	}
	return err
}

// A deletion that is given up before any answer has come says what it was about.
func TestDeleteRecordsGivenUp(t *testing.T) {
	w := newWorld(t)
	a, err := w.client.NewAdmin()
	must(t, err)
	defer a.Close()
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	err = a.DeleteRecords(ctx, map[txn.Partition]int64{{Topic: "nowhere"}: 0})
	if err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("the error does not name the topic: %v", err)
	}
}
