package confluent_test

import (
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

// A broker that has restarted refuses the leader epoch in the client's metadata cache until the client asks for metadata again,
// which it must do at once and not only with its next regular look.
func TestEndsAfterALeaderHasRestarted(t *testing.T) {
	w := newQuietWorld(t)
	w.join()
	var refused, asked atomic.Int32
	w.cluster.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.cluster.KeepControl()
		if refused.Load() > 0 {
			asked.Add(1)
		}
		return nil, nil, false
	})
	w.cluster.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.cluster.KeepControl()
		if asked.Load() > 0 {
			return nil, nil, false
		}
		refused.Add(1)
		return fencedEpoch(r.(*kmsg.ListOffsetsRequest)), nil, true
	})
	ends, err := w.c.Ends(w.ctx, []txn.Partition{in0})
	if err != nil {
		t.Fatalf("%v (refused %d times)", err, refused.Load())
	}
	if ends[in0] != (txn.Ends{}) || refused.Load() == 0 {
		t.Errorf("ends %v, refused %d times", ends[in0], refused.Load())
	}
}

func fencedEpoch(r *kmsg.ListOffsetsRequest) *kmsg.ListOffsetsResponse {
	resp := r.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, t := range r.Topics {
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewListOffsetsResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, kerr.FencedLeaderEpoch.Code
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}
