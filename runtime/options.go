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
	// Client reaches the cluster of sources, and of sinks unless SinkClient says otherwise.
	Client txn.Client
	// SinkClient reaches the cluster of the sinks if it is another one (exchange in memory only). nil: it is the same.
	SinkClient txn.Client
	Guarantee  twophase.Guarantee
	Interval   time.Duration // between barriers
	// Exchange is how records cross between stages: empty within this instance, or checkpoint.ExchangeKafka, through repartition topics.
	Exchange string
	// Backend holds all state (exchange in memory); the caller closes it.
	Backend state.Backend
	// OpenShard opens the backend of one shard (exchange kafka); the instance closes it.
	OpenShard func(name string) (state.Backend, error)
	Store     checkpoint.Store
	// Parallelism is the number of tasks of every keyed stage; with the exchange kafka it is as many as repartition topics have partitions.
	Parallelism    int
	MaxParallelism int // key groups; 128
	// Portion is how many records a task takes at a time, if it is not to depend on how fast it is; 0: it does.
	Portion int
	// StandbyInterval is how often copies of shards that others own are brought up to date (exchange kafka); 0: none are kept.
	StandbyInterval time.Duration
	// Retained is how many of the last decided checkpoints (of each shard) stay restorable; 0 is as good as 1.
	Retained int
	// Bases says when base snapshots are due.
	Bases checkpoint.BasePolicy
	// OverlayLimit bounds the bytes of uncommitted state; passing it triggers a barrier.
	OverlayLimit int64
	// CacheBytes bounds the decoded committed values that tasks keep at hand.
	CacheBytes int64
	// TimerMemory hears how many bytes timers take up, which are in memory whatever the other bounds are; never twice at a time. It may be nil.
	TimerMemory func(bytes int64)
	// TransactionTimeout is the broker's patience with an open transaction.
	TransactionTimeout time.Duration
	SessionTimeout     time.Duration
	// Discovery is the time between two looks for new partitions and topics; 0: none.
	Discovery time.Duration
	// StartTimeout bounds how long the first contact with the brokers may take.
	StartTimeout time.Duration
	// KeepMembership leaves the place in the group to a restart under the same name when the instance ends; others get its partitions
	// after the session timeout. Else they get them at once.
	KeepMembership bool
	// ShutdownTimeout bounds the last barrier and commit.
	ShutdownTimeout time.Duration
	// OpenStore opens the store of a savepoint that is taken to another place than Store; nil: checkpoint.OpenStore. Where Store encrypts, it has to.
	OpenStore func(url string) (checkpoint.Store, error)
	// RestoreFrom is what a job without a commit point starts from.
	RestoreFrom RestoreFrom
	// SavepointInterval is the time between savepoints that are taken by schedule; 0: none are. SavepointsRetained is how many of those stay; 0: all do.
	SavepointInterval  time.Duration
	SavepointsRetained int
	// Restart says how work is taken up again after failures; DefaultRestartPolicy if it is zero.
	Restart RestartPolicy
	Logger  *slog.Logger
	Metrics *metrics.Metrics
}
