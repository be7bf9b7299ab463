package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// lab is an instance of a job of two sources and two exchanges, "by_a" and "by_b", through Kafka, that nothing drives but a test.
func lab(t *testing.T, store checkpoint.Store, partitions int) *Instance {
	t.Helper()
	plan := &stream.Plan{Job: "lab", Exchanges: []stream.Exchange{{UID: "by_a", Portable: true, Named: true}, {UID: "by_b", Portable: true, Named: true}}}
	plan.Stages = []stream.Stage{
		{Name: "left", UID: "left", Source: &stream.SourceSpec{UID: "left", Topics: []string{"l"}}, Sends: []int{0}, EventTime: true},
		{Name: "right", UID: "right", Source: &stream.SourceSpec{UID: "right", Topics: []string{"r"}}, Sends: []int{1}, EventTime: true},
		{Name: "first", UID: "first", Inputs: []int{0}, Sends: []int{1}, Stateful: true, EventTime: true},
		{Name: "second", UID: "second", Inputs: []int{1}, Stateful: true, EventTime: true},
	}
	in, err := New(Options{
		Plan: plan, JobID: "lab", InstanceID: "one", Exchange: checkpoint.ExchangeKafka, Store: store, Interval: time.Second,
		OpenShard:   func(string) (state.Backend, error) { return memory.New(), nil },
		Parallelism: 2, MaxParallelism: 128, StartTimeout: time.Second, TransactionTimeout: time.Minute,
		Bases: checkpoint.BasePolicy{MinBytes: 1, MaxDeltas: 1}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	in.ctx, in.cancel = context.WithCancel(context.Background())
	t.Cleanup(in.cancel)
	in.topology.sources.set([]string{"l", "r"})
	in.topology.repartition, in.topology.parallelism = []string{"lab-by_a-repartition", "lab-by_b-repartition"}, partitions
	for i := range partitions {
		s, err := newShard(in, i, fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		in.shards = append(in.shards, s)
	}
	in.purged = time.Now() // there is no broker
	in.decision = decision{positions: map[txn.Partition]int64{}, checkpoints: map[*shard]checkpoint.ID{}, times: map[txn.Partition]mark{}}
	return in
}

func memStore(t *testing.T) checkpoint.Store {
	t.Helper()
	store, err := checkpoint.OpenStore("mem://")
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// crossing is the partition of a repartition topic.
func (in *Instance) crossing(exchange int, shard int32) txn.Partition {
	return txn.Partition{Topic: in.topology.repartition[exchange], ID: shard}
}

// resume brings the shards of the decision to it, as after a rebalance.
func (in *Instance) resume(t *testing.T, d decision) {
	t.Helper()
	known := in.registries(d)
	in.decision = d
	var parts []txn.Partition
	for p := range d.positions {
		parts = append(parts, p)
	}
	found, err := in.restoreShards(d, in.shardsOf(parts), known)
	if err != nil {
		t.Fatal(err)
	}
	for s, r := range found {
		s.registry, s.base = r.registry, r.base
	}
}

// commit takes an epoch from its barrier to its decision and waits until the shards hold it.
func (in *Instance) commit(t *testing.T, epoch twophase.Epoch, positions map[txn.Partition]int64, changed map[*shard][]state.Entry) *flight {
	t.Helper()
	f := &flight{id: checkpoint.MakeID(in.runName, uint64(epoch)), sealed: &sealed{positions: positions, tasks: map[*shard][][]state.Entry{}}}
	for s, entries := range changed {
		f.sealed.tasks[s] = [][]state.Entry{entries}
	}
	in.flights[epoch] = f
	in.split(f)
	if err := in.store(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	in.decided(f)
	in.doPublish(epoch)
	for _, p := range f.parts {
		if err := p.shard.publisher.drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.shard.publisher.base.wg.Wait()
	}
	for len(in.box) > 0 {
		in.take(<-in.box)
	}
	return f
}
