package confluent

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// unflagged is an error as the consumer's and admin's calls give it: without flags.
func unflagged(c kafka.ErrorCode) kafka.Error { return kafka.NewError(c, "", false) }

func fatal(c kafka.ErrorCode) kafka.Error { return kafka.NewError(c, "", true) }

// TestEveryCode checks what each code means to each operation, as far as code and operation decide it. What the
// client's other flags add can only be had from the client: see TestTransactionFaults.
func TestEveryCode(t *testing.T) {
	ops := []operation{opPoll, opCommitOffsets, opInit, opBegin, opProduce, opFlush, opSendOffsets, opCommit, opAbort, opTopics}
	for code, r := range codes {
		if codeName(code) == fmt.Sprintf("code %d", int(code)) {
			t.Errorf("%d (%v) has no name", code, code)
		}
		for _, op := range ops {
			for _, err := range []kafka.Error{unflagged(code), fatal(code)} {
				got := classOf(op, fmt.Errorf("wrapped: %w", err))
				if want := expected(op, err, r); got != want {
					t.Errorf("%s, %s, fatal %v: got %v, want %v", op, codeName(code), err.IsFatal(), got, want)
				}
			}
		}
	}
}

// expected states the rules once more, in other words.
func expected(op operation, err kafka.Error, r rule) txn.Class {
	if r.class == txn.ClassFatal || r.class == txn.ClassFenced {
		return r.class
	}
	switch op {
	case opCommit:
		if err.IsFatal() && r.beforeEnd {
			return txn.ClassNewProducer
		}
		return txn.ClassUnknown
	case opInit, opBegin, opAbort:
		return txn.ClassNewProducer
	}
	if err.IsFatal() {
		return txn.ClassNewProducer
	}
	return r.class
}

// TestNoLeaderIsTemporary: the ends of partitions can't be read while the broker that leads them is away, which ends by itself.
func TestNoLeaderIsTemporary(t *testing.T) {
	if got := classOf(opEnds, unflagged(kafka.ErrNoent)); got != txn.ClassRetry {
		t.Errorf("got %v, want %v", got, txn.ClassRetry)
	}
}

// TestSafety: whatever the code, no class may promise more than can be known.
func TestSafety(t *testing.T) {
	for code := kafka.ErrorCode(-250); code < 250; code++ {
		for _, err := range []kafka.Error{unflagged(code), fatal(code)} {
			c := classOf(opCommit, err)
			if c == txn.ClassRetry || c == txn.ClassAbort {
				t.Errorf("a commit that failed with %d without a flag of the client is of class %v", code, c)
			}
			if c := classOf(opAbort, err); c == txn.ClassAbort || c == txn.ClassUnknown {
				t.Errorf("an abort that failed with %d is of class %v", code, c)
			}
			for _, op := range []operation{opPoll, opProduce, opSendOffsets, opCommitOffsets, opInit} {
				if c := classOf(op, err); c < txn.ClassRetry || c > txn.ClassFatal {
					t.Errorf("%s, %d: class %v", op, code, c)
				}
			}
		}
	}
}

func TestClassOf(t *testing.T) {
	gone := fmt.Errorf("%w: %w", errAbandoned, context.DeadlineExceeded)
	for _, c := range []struct {
		op   operation
		err  error
		want txn.Class
	}{
		{opCommit, nil, 0},
		{opCommit, gone, txn.ClassUnknown},
		{opCommitOffsets, gone, txn.ClassUnknown},
		{opSendOffsets, gone, txn.ClassNewProducer},
		{opInit, gone, txn.ClassNewProducer},
		{opAbort, gone, txn.ClassNewProducer},
		{opFlush, gone, txn.ClassNewProducer},
		{opProduce, gone, txn.ClassAbort},
		{opCommitted, gone, txn.ClassRetry},
		{opMembers, context.DeadlineExceeded, txn.ClassRetry}, // of one attempt
		{opCommit, errors.New("what?"), txn.ClassUnknown},
		{opProduce, errors.New("what?"), txn.ClassAbort},
		{opTopics, errors.New("what?"), txn.ClassFatal},
		{opCommit, &txn.Error{Class: txn.ClassAbort}, txn.ClassAbort},
		{opPoll, unflagged(kafka.ErrAllBrokersDown), txn.ClassRetry},
		{opPoll, fatal(kafka.ErrFencedInstanceID), txn.ClassFenced},
		{opPoll, unflagged(9999), txn.ClassRetry},
		{opCommit, fatal(kafka.ErrFenced), txn.ClassFenced},
		{opProduce, unflagged(kafka.ErrState), txn.ClassAbort},
		{opProduce, unflagged(kafka.ErrMsgSizeTooLarge), txn.ClassFatal},
		{opFlush, unflagged(kafka.ErrMsgTimedOut), txn.ClassAbort},
	} {
		if got := classOf(c.op, c.err); got != c.want {
			t.Errorf("%s, %v: got %v, want %v", c.op, c.err, got, c.want)
		}
	}
}

func TestClassifyKeepsCause(t *testing.T) {
	cause := unflagged(kafka.ErrConcurrentTransactions)
	err := naming("b:1", classify(opSendOffsets, fmt.Errorf("around: %w", cause)))
	var e *txn.Error
	if !errors.As(err, &e) || e.Code != "CONCURRENT_TRANSACTIONS" || e.Op != "send offsets to transaction" || !errors.Is(err, cause) {
		t.Errorf("got %#v", err)
	}
	if classify(opPoll, nil) != nil || classify(opPoll, err) != err { //nolint:errorlint // the very same error
		t.Error("nil and *txn.Error have to pass unchanged")
	}
	if s := naming("b:1", classify(opTopics, unflagged(kafka.ErrTransport))).Error(); s != "look up topics: bootstrap servers b:1: Local: Broker transport failure (_TRANSPORT; retry)" {
		t.Error(s)
	}
}
