package runtime

import (
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// event is what the loop is told: a step for the protocol, with what goes along with it.
type event struct {
	twophase.Event
	err  error  // of Failed, and of a note
	note string // something to log that changes nothing

	rebalance rebalance
	parts     []txn.Partition
	meta      txn.GroupMetadata

	sealed   *sealed   // of Aligned
	decision *decision // of DecisionRead
	attempt  *attempt  // of Aligned and Restored
	shutdown bool
	then     func() // runs in the loop
}

type rebalance uint8

const (
	rebalanceAssigned rebalance = iota + 1
	rebalanceRevoked
	rebalanceLost
)

// sealed is everything that an epoch leaves behind at its barrier.
type sealed struct {
	tasks     map[*shard][][]state.Entry // of each keyed task, sorted; those without are left out
	positions map[txn.Partition]int64
	times     map[*task]mark // event time; tasks without are left out
	end       ending
	inputs    map[*task][]checkpoint.InputWatermark // of those behind a repartition topic
	pause     time.Duration                         // that the barrier held up the task that it held up most
}

func answer(kind twophase.EventKind, epoch twophase.Epoch) event {
	return event{Event: twophase.Event{Kind: kind, Epoch: epoch}}
}

func processed(epoch uint64) event {
	return answer(twophase.Processed, twophase.Epoch(epoch))
}

func failed(op twophase.Op, epoch twophase.Epoch, err error) event {
	return event{Event: twophase.Event{Kind: twophase.Failed, Op: op, Epoch: epoch, Cause: causeOf(err)}, err: err}
}

func processFailed(epoch uint64, err error) event {
	return failed(twophase.OpProcess, twophase.Epoch(epoch), err)
}

// causeOf tells the protocol what an error means for it. An error that is not Kafka's (the store, a user's function) leaves the
// producer as it was.
func causeOf(err error) twophase.Cause {
	switch {
	case isFatal(err):
		return twophase.Fatal
	case !isKafka(err):
		return twophase.Abortable
	}
	switch txn.ClassOf(err) {
	case txn.ClassRetry, txn.ClassAbort:
		return twophase.Abortable
	case txn.ClassNewProducer:
		return twophase.ProducerDead
	case txn.ClassFenced:
		return twophase.ProducerFenced
	case txn.ClassFatal:
		return twophase.Fatal
	}
	return twophase.OutcomeUnknown
}
