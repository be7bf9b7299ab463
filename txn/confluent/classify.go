package confluent

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/weirstream/weir/txn"
)

// operation is what was tried: the same code means different things to different operations.
type operation string

const (
	opSubscribe     operation = "subscribe"
	opAssign        operation = "assign partitions"
	opPause         operation = "pause or resume partitions"
	opPoll          operation = "poll"
	opCommitOffsets operation = "commit offsets"
	opCommitted     operation = "read committed offsets"
	opEnds          operation = "read the ends of partitions"
	opClose         operation = "close Kafka client"
	opInit          operation = "init transactions"
	opBegin         operation = "begin transaction"
	opProduce       operation = "produce"
	opFlush         operation = "flush"
	opSendOffsets   operation = "send offsets to transaction"
	opCommit        operation = "commit transaction"
	opAbort         operation = "abort transaction"
	opTopics        operation = "look up topics"
	opMembers       operation = "list group members"
	opConfig        operation = "read the broker's configuration"
	opLeave         operation = "leave group"
	opCreate        operation = "create topics"
	opReadAll       operation = "read a whole topic"
	opCluster       operation = "ask for the cluster's id"
	opDelete        operation = "delete records"
)

// classify turns an error of the client into a *txn.Error. One that already is passes unchanged, and so does nil.
func classify(op operation, err error) error {
	if err == nil {
		return nil
	}
	if e := (*txn.Error)(nil); errors.As(err, &e) {
		return err
	}
	code := ""
	if e := (kafka.Error{}); errors.As(err, &e) {
		code = codeName(e.Code())
	} else if gaveUp(err) {
		code = "_TIMED_OUT"
	}
	return &txn.Error{Op: string(op), Class: classOf(op, err), Code: code, Err: err}
}

// classOf says what has to follow an error of an operation; 0 for nil. The order matters: what the caller gave up
// on, then what the client flags, then what the code says.
func classOf(op operation, err error) txn.Class {
	if err == nil {
		return 0
	}
	if e := (*txn.Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	if gaveUp(err) {
		return abandoned[op]
	}
	var e kafka.Error
	if !errors.As(err, &e) {
		return unclear(op)
	}
	r, known := codes[e.Code()]
	switch {
	case r.class == txn.ClassFatal || r.class == txn.ClassFenced:
		// Permission, configuration and fencing mean the same to every operation.
		return r.class
	case e.IsRetriable():
		return txn.ClassRetry
	case op == opCommit:
		return commitClass(e, r)
	case op == opInit || op == opBegin || op == opAbort:
		// The state machine of the client is stuck: it must not go on.
		return txn.ClassNewProducer
	case e.IsFatal():
		return txn.ClassNewProducer
	case e.TxnRequiresAbort():
		return txn.ClassAbort
	case known:
		return r.class
	}
	return unclear(op)
}

// commitClass decides what a failed commit means that can't be repeated. Only an error that the client raises before
// it sends EndTxn proves that nothing was committed. A later one does not, however it is flagged: an attempt whose
// answer was lost may have been carried out, and librdkafka itself knows the case "commit succeeded on the broker
// but the transaction had already failed locally".
func commitClass(e kafka.Error, r rule) txn.Class {
	switch {
	case r.beforeEnd && e.IsFatal():
		return txn.ClassNewProducer
	case r.beforeEnd && e.TxnRequiresAbort():
		return txn.ClassAbort
	}
	return txn.ClassUnknown
}

// abandoned is the class of an operation whose context ended first.
var abandoned = map[operation]txn.Class{
	opCommit:        txn.ClassUnknown, // EndTxn may be on its way
	opCommitOffsets: txn.ClassUnknown, // so may OffsetCommit
	opClose:         txn.ClassUnknown,
	// The call still runs inside the client, which takes no other before it ends. None of these commits anything.
	opInit: txn.ClassNewProducer, opAbort: txn.ClassNewProducer, opSendOffsets: txn.ClassNewProducer,
	// Records wait in the queue; an abort drops them.
	opProduce: txn.ClassAbort,
	// So they do here, but the client may have lost sight of a partition's leader for good: a new one looks for it afresh.
	opFlush: txn.ClassNewProducer,
	// Questions change nothing.
	opCommitted: txn.ClassRetry, opEnds: txn.ClassRetry, opTopics: txn.ClassRetry, opMembers: txn.ClassRetry,
	opConfig: txn.ClassRetry, opLeave: txn.ClassRetry, opCluster: txn.ClassRetry, opReadAll: txn.ClassRetry,
	// These change the same thing only once, however often they are called.
	opCreate: txn.ClassRetry, opDelete: txn.ClassRetry,
}

// unclear is the class of a code that nobody has thought of: the safest that the operation allows.
func unclear(op operation) txn.Class {
	switch op {
	case opCommit, opCommitOffsets:
		return txn.ClassUnknown
	case opProduce, opFlush, opSendOffsets:
		return txn.ClassAbort
	case opInit, opBegin, opAbort:
		return txn.ClassNewProducer
	case opPoll:
		return txn.ClassRetry // librdkafka goes on by itself, and what stops it is flagged as fatal
	}
	return txn.ClassFatal
}

// codeName is the symbolic name: librdkafka's for its local (negative) codes, the protocol's for the broker's.
func codeName(c kafka.ErrorCode) string {
	if r, ok := codes[c]; ok && r.name != "" {
		return r.name
	}
	if e := (*kerr.Error)(nil); c >= -1 && errors.As(kerr.ErrorForCode(int16(c)), &e) {
		return e.Message
	}
	return "code " + strconv.Itoa(int(c))
}

// gaveUp: the caller's time, or the slice of it that one attempt has, is over.
func gaveUp(err error) bool {
	return errors.Is(err, errAbandoned) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func hasCode(err error, c kafka.ErrorCode) bool {
	e := kafka.Error{}
	return errors.As(err, &e) && e.Code() == c
}

// naming adds the bootstrap servers to an error that says that nobody can be reached.
func naming(brokers string, err error) error {
	e := (*txn.Error)(nil)
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "_TRANSPORT", "_RESOLVE", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_WAIT_COORD", "_SSL", "_AUTHENTICATION":
		c := *e
		c.Err = fmt.Errorf("bootstrap servers %s: %w", brokers, e.Err)
		return &c
	}
	return err
}
