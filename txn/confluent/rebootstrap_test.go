package confluent_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A broker that comes back may say at first that the cluster has none: it is fenced until the controller has heard of it. The client then
// forgets the only broker that it knows, and must not wait for minutes until it looks at its bootstrap servers again.
func TestClusterWithoutBrokers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join()
	w.timeout = 30 * time.Second // the transaction outlasts it
	w.produce()
	must(t, w.transact("before"))
	const answers = 6 // of each client some
	var asked atomic.Int32
	w.cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.cluster.KeepControl()
		if asked.Add(1) > answers {
			return nil, nil, false
		}
		return withoutBrokers(req.(*kmsg.MetadataRequest)), nil, true
	})
	for asked.Load() < answers && w.ctx.Err() == nil {
		_, _ = w.c.Poll(20*time.Millisecond, 1)
	}
	begin := time.Now()
	must(t, w.transact("behind"))
	t.Logf("a transaction got through %v behind the last such answer", time.Since(begin).Round(time.Millisecond))
}

func withoutBrokers(req *kmsg.MetadataRequest) *kmsg.MetadataResponse {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	resp.ClusterID, resp.ControllerID = kmsg.StringPtr("kfake"), -1
	for _, asked := range req.Topics {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Leader, p.LeaderEpoch, p.ErrorCode = -1, 0, kerr.LeaderNotAvailable.Code
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.Partitions = asked.Topic, []kmsg.MetadataResponseTopicPartition{p}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}
