package runtime

import (
	"context"
	"fmt"

	"github.com/weirstream/weir/txn"
)

// openClusters makes the admins and finds where decisions are kept.
func (in *Instance) openClusters() (err error) {
	if in.admin, err = in.o.Client.NewAdmin(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	in.sinkAdmin = in.admin
	if in.o.SinkClient == nil {
		return nil
	}
	if in.sinkAdmin, err = in.o.SinkClient.NewAdmin(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// compareClusters warns of two addresses of one cluster. It is no error: both paths are sound there, and clusters that were
// set up from one template can have the same id.
func (in *Instance) compareClusters(ctx context.Context) error {
	if in.o.SinkClient == nil {
		return nil
	}
	source, err := in.admin.ClusterID(ctx)
	if err != nil {
		return err
	}
	sink, err := in.sinkAdmin.ClusterID(ctx)
	if err == nil && source == sink {
		in.log.Warn("WEIR_SINK_BROKERS leads to a cluster with the id of that of WEIR_BROKERS; if it is the same one, leave WEIR_SINK_BROKERS out before the job's first start", "cluster", sink)
	}
	return err
}

// sinkClient reaches the cluster that outputs are written to.
func (in *Instance) sinkClient() txn.Client {
	if in.o.SinkClient != nil {
		return in.o.SinkClient
	}
	return in.o.Client
}

// clusterOf is what errors call the cluster that an admin asks.
func (in *Instance) clusterOf(a txn.Admin) string {
	switch {
	case in.o.SinkClient == nil:
		return "cluster"
	case a == in.sinkAdmin:
		return "sink cluster"
	}
	return "source cluster"
}

// transactionalID is what fences. On one cluster it is the instance's, and the group's generation does the rest. On two clusters nobody
// checks the generation, so that all instances share one id: whoever comes last is the only one that can commit.
func (in *Instance) transactionalID() string {
	if in.o.SinkClient != nil {
		return in.o.JobID
	}
	return in.o.JobID + "-" + in.o.InstanceID
}

// identity is what a fence is about.
func (in *Instance) identity() string {
	if in.o.SinkClient != nil {
		return fmt.Sprintf("job %q, whose instances share one transactional id, since its sinks are on a cluster of their own", in.o.JobID)
	}
	return fmt.Sprintf("instance %q of job %q", in.o.InstanceID, in.o.JobID)
}
