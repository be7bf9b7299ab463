package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/internal/diskfull"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/state/pebble"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/confluent"
)

// options turns settings into those of the runtime, except for what has to be opened.
func options(c *config.Config, job *stream.Job, log *slog.Logger) (runtime.Options, error) {
	plan, err := job.Plan()
	if err != nil {
		return runtime.Options{}, fmt.Errorf("%w: %w", runtime.ErrConfig, err)
	}
	guarantee := twophase.AtLeastOnce
	if c.ExactlyOnce() {
		guarantee = twophase.ExactlyOnce
	}
	exchange := ""
	if c.Exchange == checkpoint.ExchangeKafka {
		exchange = checkpoint.ExchangeKafka
	}
	return runtime.Options{
		Exchange: exchange, OpenShard: func(name string) (state.Backend, error) { return openShard(c, name, log) },
		Plan: plan, JobID: c.JobID, InstanceID: c.InstanceID, Guarantee: guarantee, Interval: c.CheckpointInterval,
		Parallelism: c.Parallelism, MaxParallelism: c.MaxParallelism,
		Retained:        c.CheckpointsRetained,
		StandbyInterval: c.StandbyInterval, KeepMembership: c.LeaveGroup == "never" || c.LeaveGroup == "auto" && exchange != "", OverlayLimit: c.OverlayLimit, CacheBytes: valueCache(c),
		TimerMemory:        limitMemory(c),
		TransactionTimeout: c.TransactionTimeout, SessionTimeout: c.SessionTimeout, Discovery: c.DiscoveryInterval,
		RestoreFrom: runtime.RestoreFrom{
			URL: c.RestoreFrom, AllowDropped: c.DroppedState(), Offsets: c.Offsets(), Scratch: filepath.Join(c.StateDir, "sort"),
			OpenStore: opener(c, checkpoint.ReadStore, true), // it may not be encrypted yet
		},
		OpenStore:         opener(c, checkpoint.OpenStore, false),
		SavepointInterval: c.SavepointInterval, SavepointsRetained: c.SavepointsRetained,
		StartTimeout: c.StartTimeout, ShutdownTimeout: c.ShutdownTimeout, Logger: log,
		Restart: runtime.RestartPolicy{
			Delay: c.RestartDelay, MaxDelay: c.RestartMaxDelay, Attempts: c.RestartAttempts, Reset: c.RestartReset, RecordAttempts: c.RecordAttempts,
			FailedCheckpoints: c.FailedCheckpoints,
		},
	}, nil
}

// Cached state comes twice: as values ready for use, and as blocks of the backend, which also hold what is scanned.
func valueCache(c *config.Config) int64 { return c.StateCache - blockCache(c) }
func blockCache(c *config.Config) int64 { return c.StateCache / 3 }

// newClients makes the driver of the sources' cluster, and that of the sinks' if it is another one, else nil. If consumers and
// producers of one cluster have properties of their own, its driver is two.
func newClients(c *config.Config, log *slog.Logger) (source, sink txn.Client, err error) {
	sinkBrokers, sourceLog, sinkLog := c.Brokers, log, log
	if c.SinkBrokers != "" {
		sinkBrokers, sourceLog, sinkLog = c.SinkBrokers, log.With("cluster", "source"), log.With("cluster", "sink")
	}
	source, err = cluster(c, c.Brokers, c.SourceKafka, "WEIR_KAFKA_ or WEIR_SOURCE_KAFKA_", sourceLog)
	if err != nil || c.SinkBrokers == "" && maps.Equal(c.SourceKafka, c.SinkKafka) {
		return source, nil, err
	}
	sink, err = cluster(c, sinkBrokers, c.SinkKafka, "WEIR_KAFKA_ or WEIR_SINK_KAFKA_", sinkLog)
	if err != nil || c.SinkBrokers != "" {
		return source, sink, err
	}
	return split{source, sink}, nil, nil
}

func cluster(c *config.Config, brokers string, properties map[string]string, settings string, log *slog.Logger) (txn.Client, error) {
	client, err := confluent.New(txn.ClusterConfig{
		Brokers: brokers, ClientID: "weir-" + c.JobID + "-" + c.InstanceID, Properties: properties, Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: a property given by %s…: %w", runtime.ErrConfig, settings, err)
	}
	return client, nil
}

// split reads with one set of properties and writes with another.
type split struct{ source, sink txn.Client }

func (s split) NewConsumer(c txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	return s.source.NewConsumer(c, h)
}

func (s split) NewProducer(c txn.ProducerConfig) (txn.Producer, error) { return s.sink.NewProducer(c) }

// NewAdmin asks with the properties of consumers: groups and offsets are theirs.
func (s split) NewAdmin() (txn.Admin, error) { return s.source.NewAdmin() }

func openStore(c *config.Config) (checkpoint.Store, error) {
	store, err := checkpoint.OpenStore(c.CheckpointStore)
	if errors.Is(err, checkpoint.ErrUnavailable) {
		return nil, err // not a matter of settings: it may be there the next time
	}
	if err != nil {
		return nil, fmt.Errorf("%w: WEIR_CHECKPOINT_STORE: %w", runtime.ErrConfig, err)
	}
	return packed(store, packing(c, false))
}

// opener opens stores of savepoints, which are packed as the job's own is. plain: what is not encrypted is read too.
func opener(c *config.Config, open func(url string) (checkpoint.Store, error), plain bool) func(url string) (checkpoint.Store, error) {
	return func(url string) (checkpoint.Store, error) {
		store, err := open(url)
		if err != nil {
			return nil, err
		}
		return packed(store, packing(c, plain))
	}
}

// packing is that of the job's store. plain: see opener.
func packing(c *config.Config, plain bool) checkpoint.Packing {
	return checkpoint.Packing{Compression: c.CheckpointCompression, KeyFile: c.CheckpointEncryptionKeyFile, Plain: plain}
}

func packed(store checkpoint.Store, p checkpoint.Packing) (checkpoint.Store, error) {
	packed, err := checkpoint.Pack(store, p)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", runtime.ErrConfig, err), store.Close())
	}
	return packed, nil
}

// openBackend opens the backend of all state.
func openBackend(c *config.Config, log *slog.Logger) (state.Backend, error) {
	return openFolder(c, c.StateDir, pebble.Options{JobID: c.JobID, CacheBytes: blockCache(c), Logger: log})
}

// openShard opens that of one shard. There may be many: each gets less memory.
func openShard(c *config.Config, name string, log *slog.Logger) (state.Backend, error) {
	const memTable, few = 4 << 20, 8
	return openFolder(c, filepath.Join(c.StateDir, "shard", name), pebble.Options{
		JobID: c.JobID + "/" + name, CacheBytes: blockCache(c) / few, MemTableBytes: memTable, MaxOpenFiles: 128, Logger: log})
}

func openFolder(c *config.Config, dir string, o pebble.Options) (state.Backend, error) {
	if c.StateBackend == "memory" {
		return memory.New(), nil
	}
	b, err := pebble.Open(dir, o)
	if diskfull.Is(err) {
		return nil, fmt.Errorf("WEIR_STATE_DIR: %w", err) // there may be room the next time
	}
	if err != nil {
		return nil, fmt.Errorf("%w: WEIR_STATE_DIR: %w", runtime.ErrState, err)
	}
	return b, nil
}
