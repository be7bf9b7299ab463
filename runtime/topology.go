package runtime

import (
	"slices"
	"sync"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// topology is how the plan lies over topics. After prepare nothing of it changes but the topics of sources, which discovery adds to.
type topology struct {
	sources     topics   // of all sources
	repartition []string // the topic of each exchange (exchange kafka)
	parallelism int      // tasks of a keyed stage in all instances together
}

// work is what an instance works on from one rebalance to the next.
type work struct {
	parts  []txn.Partition // all there are (exchange memory), or those that we own
	counts map[string]int  // partitions of each topic
	warned bool            // something has failed since the last commit: perhaps the end of an epoch, where nobody knows the record that was at fault
}

// topics is a list of them that is replaced as a whole.
type topics struct {
	mu    sync.RWMutex
	names []string
}

func (t *topics) list() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.names
}

func (t *topics) set(names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names = names
}

// exchangeOf is the exchange that a repartition topic carries.
func (t *topology) exchangeOf(topic string) (exchange int, ok bool) {
	exchange = slices.Index(t.repartition, topic)
	return exchange, exchange >= 0
}

// topics are all that an instance reads.
func (t *topology) topics() []string { return slices.Concat(t.sources.list(), t.repartition) }

// partitions are all there are.
func (t *topology) partitions(counts map[string]int) (all []txn.Partition) {
	for _, topic := range t.topics() {
		for i := range counts[topic] {
			all = append(all, txn.Partition{Topic: topic, ID: int32(i)})
		}
	}
	return all
}

// sourcesOf are those of partitions that are not of repartition topics.
func (in *Instance) sourcesOf(parts map[txn.Partition]int64) (of []txn.Partition) {
	for p := range parts {
		if _, crossing := in.topology.exchangeOf(p.Topic); !crossing {
			of = append(of, p)
		}
	}
	return of
}

// readsFirst says whether a partition is of a source that goes before others, or of a repartition topic, which must never wait: what goes before
// passes through it.
func (in *Instance) readsFirst(p txn.Partition) bool {
	s := in.sourceReading(p.Topic)
	return s == nil || s.First
}

// sourceReading is the source that reads a topic; nil: none does. No two do (claim).
func (in *Instance) sourceReading(topic string) *stream.SourceSpec {
	for i := range in.o.Plan.Stages {
		if s := in.o.Plan.Stages[i].Source; in.reads(s, topic) {
			return s
		}
	}
	return nil
}

// readerOf is the uid of the source or exchange that reads a topic.
func (in *Instance) readerOf(topic string) string {
	if s := in.sourceReading(topic); s != nil {
		return s.UID
	}
	if x, ok := in.topology.exchangeOf(topic); ok {
		return in.o.Plan.Exchanges[x].UID
	}
	return ""
}
