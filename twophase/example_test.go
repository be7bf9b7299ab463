package twophase_test

import (
	"fmt"

	"github.com/weirstream/weir/twophase"
)

// An epoch from its first record to the decision, with everything going well.
func ExampleMachine_Step() {
	m := twophase.New(twophase.ExactlyOnce)
	for _, ev := range []twophase.Event{
		{Kind: twophase.Assigned},
		{Kind: twophase.Fenced},
		{Kind: twophase.DecisionRead},
		{Kind: twophase.Restored},
		{Kind: twophase.Began, Epoch: 1},
		{Kind: twophase.Processed, Epoch: 1},
		{Kind: twophase.BarrierDue},
		{Kind: twophase.Aligned, Epoch: 1},
		{Kind: twophase.Stored, Epoch: 1},
		{Kind: twophase.Flushed, Epoch: 1},
		{Kind: twophase.OffsetsSent, Epoch: 1},
		{Kind: twophase.Committed, Epoch: 1},
	} {
		fmt.Println(ev, m.Step(ev))
	}
	// Output:
	// Assigned [Fence]
	// Fenced [ReadDecision]
	// DecisionRead 0 [Restore]
	// Restored [Begin 1]
	// Began 1 []
	// Processed 1 []
	// BarrierDue [InjectBarrier 1]
	// Aligned 1 [Store 1 Flush 1 SendOffsets 1]
	// Stored 1 []
	// Flushed 1 []
	// OffsetsSent 1 [Commit 1]
	// Committed 1 [Publish 1 Begin 2]
}

// The connection is lost during a commit. Nobody knows whether it happened, so the record is asked; it names epoch 1.
func ExampleMachine_Step_unknownOutcome() {
	m := committing()
	for _, ev := range []twophase.Event{
		{Kind: twophase.Failed, Op: twophase.Commit, Epoch: 1, Cause: twophase.OutcomeUnknown},
		{Kind: twophase.Fenced},
		{Kind: twophase.DecisionRead, Decision: 1},
	} {
		fmt.Println(ev, m.Step(ev))
	}
	// Output:
	// Failed Commit 1 OutcomeUnknown [Fence]
	// Fenced [ReadDecision]
	// DecisionRead 1 [Publish 1 Restore]
}

// committing returns a machine that has asked for the commit of epoch 1.
func committing() twophase.Machine {
	m := twophase.New(twophase.ExactlyOnce)
	for _, kind := range []twophase.EventKind{
		twophase.Assigned, twophase.Fenced, twophase.DecisionRead, twophase.Restored, twophase.Began,
		twophase.Processed, twophase.BarrierDue, twophase.Aligned, twophase.Stored, twophase.Flushed,
		twophase.OffsetsSent,
	} {
		m.Step(twophase.Event{Kind: kind, Epoch: 1})
	}
	return m
}
