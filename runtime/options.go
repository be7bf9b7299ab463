package runtime

import (
	"log/slog"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// Options says what an instance runs and with what.
type Options struct {
	Plan       *stream.Plan
	JobID      string
	InstanceID string
	// Client reaches the cluster of sources and sinks.
	Client    txn.Client
	Guarantee twophase.Guarantee
	Interval  time.Duration // between barriers
	Backend   state.Backend
	Store     checkpoint.Store
	// Parallelism is the number of tasks of every keyed stage.
	Parallelism    int
	MaxParallelism int // key groups; 128
	// OverlayLimit bounds the bytes of uncommitted state; passing it triggers a barrier.
	OverlayLimit int64
	// CacheBytes bounds the decoded committed values that tasks keep at hand.
	CacheBytes int64
	// TransactionTimeout is the broker's patience with an open transaction.
	TransactionTimeout time.Duration
	SessionTimeout     time.Duration
	// Discovery is the time between two looks for new partitions and topics; 0: none.
	Discovery time.Duration
	// StartTimeout bounds how long the first contact with the brokers may take.
	StartTimeout time.Duration
	// ShutdownTimeout bounds the last barrier and commit.
	ShutdownTimeout time.Duration
	Logger          *slog.Logger
	Metrics         *metrics.Metrics
}
