package txntest

import (
	"log/slog"
	"testing"
)

// Run holds a driver to what package txn promises. Each subtest uses topics, groups and ids of its own, so that the
// suite can run against a cluster that is used for other things too.
func Run(t *testing.T, h Harness) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.expiry && h.Expiry == 0 {
				t.Log("left out: this cluster does not end transactions for their age")
				return
			}
			c.run(newEnv(t, h))
		})
	}
}

// logger shows the client's log lines with the failed test they belong to.
func logger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

var cases = []struct {
	name   string
	run    func(*env)
	expiry bool
}{
	{name: "CommittedOutputsAreVisible", run: committedOutputs},
	{name: "AbortedOutputsAreNot", run: abortedOutputs},
	{name: "EmptyTransaction", run: emptyTransaction},
	{name: "AbortWithoutWaiting", run: abortWithoutWaiting},
	{name: "CloseLeavesNothingBehind", run: closeLeavesNothing},
	{name: "InitFences", run: initFences},
	{name: "ProduceConcurrently", run: produceConcurrently},
	{name: "TinyQueueBlocks", run: tinyQueue},
	{name: "RecordTooLarge", run: recordTooLarge},
	{name: "NullsEmptiesHeadersTimestamps", run: faithful},
	{name: "PartitionerIsJavas", run: partitioner},

	{name: "OffsetsAreAtomicWithOutputs", run: atomicOffsets},
	{name: "CommittedIsStable", run: stableRead},
	{name: "AllCommittedAtOnce", run: allCommitted},
	{name: "MetadataTooLong", run: metadataTooLong},
	{name: "OldGenerationIsRefused", run: zombieOffsets},
	{name: "CommitInsideRevoked", run: commitInsideRevoked},
	{name: "SeekAfterAbort", run: seekAfterAbort},

	{name: "NothingBeforeSeek", run: nothingBeforeSeek},
	{name: "SeekInsideAssigned", run: seekInsideAssigned},
	{name: "BatchesInOrder", run: batchesInOrder},
	{name: "OffsetsHaveGaps", run: gaps},
	{name: "SeekDropsWhatWasFetched", run: seekDrops},
	{name: "SeekToSome", run: seekToSome},
	{name: "PauseAndResume", run: pauseResume},
	{name: "HoldSome", run: holdSome},
	{name: "PositionReachesTheEnd", run: positionAtEnd},
	{name: "OutOfRange", run: outOfRange},
	{name: "MissingTopic", run: missingTopic},
	{name: "Ends", run: ends},
	{name: "StableAndSince", run: stableAndSince},
	{name: "FairToManyPartitions", run: fair},

	{name: "RangeOfTwo", run: rangeOfTwo},
	{name: "CoPartitioned", run: copartitioned},
	{name: "StaticTakeover", run: staticTakeover},
	{name: "SubscribeToMore", run: subscribeToMore},
	{name: "SubscribeForNewPartitions", run: subscribeForNewPartitions},
	{name: "Leave", run: leave},
	{name: "Questions", run: questions},
	{name: "CreateTopics", run: createTopics},
	{name: "NewTopicAtOnce", run: newTopicAtOnce},
	{name: "DeleteRecords", run: deleteRecords},
	{name: "DeleteRecordsOfNothing", run: deleteFromNowhere},

	{name: "Ahead", run: ahead},
	{name: "TopicConfig", run: topicConfig},
	{name: "Limits", run: limits},
	{name: "ClusterID", run: clusterID},
	{name: "ReadAll", run: readAll},
	{name: "ReadAllWaits", run: readAllWaits},
	{name: "ReadAllMissing", run: readAllMissing},

	{name: "AtLeastOnce", run: atLeastOnce},
	{name: "AtLeastOnceOldMembership", run: atLeastOnceZombie},

	{name: "Unreachable", run: unreachable},
	{name: "TransactionExpires", run: transactionExpires, expiry: true},
}
