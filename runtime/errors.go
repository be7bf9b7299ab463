package runtime

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/internal/failpoint"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// errLost is why an epoch is given up that nothing has failed in.
var errLost = errors.New("the partitions were lost before the epoch was committed")

// causeLabel is a cause as metrics show it.
func causeLabel(c twophase.Cause) string {
	switch c {
	case twophase.Abortable:
		return "abortable"
	case twophase.ProducerDead:
		return "producer_dead"
	case twophase.ProducerFenced:
		return "producer_fenced"
	case twophase.Fatal:
		return "fatal"
	}
	return "outcome_unknown"
}

// named says what a missing permission is for and where its name was set, or what else the broker does not tell.
func (in *Instance) named(err error) error {
	var e *txn.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "TOPIC_AUTHORIZATION_FAILED":
		return fmt.Errorf("%w: no permission to read topics %q (WEIR_INPUT_TOPICS) or to write %q (WEIR_OUTPUT_TOPIC): %w", ErrConfig, in.topology.topics(), in.sinkTopics(), err)
	case "INVALID_TIMESTAMP":
		return fmt.Errorf("the timestamp of an output record is further from now than its topic allows (message.timestamp.after.max.ms, 1 hour by default, and message.timestamp.before.max.ms): set another in the sink (Output.Timestamp), or change the topic: %w", err)
	case "MSG_SIZE_TOO_LARGE":
		return fmt.Errorf("an output record is larger than its topic takes: raise the topic's max.message.bytes. Which record it was is known beforehand if the job may read the topic's configuration (operation DescribeConfigs) and compresses nothing (WEIR_KAFKA_COMPRESSION_TYPE): %w", err)
	case "GROUP_AUTHORIZATION_FAILED":
		return fmt.Errorf("%w: no permission to use the consumer group %q (WEIR_JOB_ID): %w", ErrConfig, in.o.JobID, err)
	case "TRANSACTIONAL_ID_AUTHORIZATION_FAILED":
		ofInstance := " and WEIR_INSTANCE_ID"
		if in.o.SinkClient != nil {
			ofInstance = ""
		}
		return fmt.Errorf("%w: no permission to use the transactional id %q (made of WEIR_JOB_ID%s): %w", ErrConfig, in.transactionalID(), ofInstance, err)
	}
	return err
}

// isKafka says whether an error comes from the Kafka client.
func isKafka(err error) bool {
	var e *txn.Error
	return errors.As(err, &e)
}

// countFailure says why there were too many failures of its kind, or nothing.
func (in *Instance) countFailure(ev *event) (tooMany string) {
	if !ofStore(ev) {
		return in.restarts.failed(culprit(ev))
	}
	in.m.FailedCheckpoint()
	return in.restarts.storeFailed()
}

// ofStore says whether the checkpoint store has failed: it could not take a checkpoint, or not be reached when one was to be read.
func ofStore(ev *event) bool {
	return ev.Op == twophase.Store && !isKafka(ev.err) && !isFatal(ev.err) || errors.Is(ev.err, checkpoint.ErrUnavailable)
}

// isFatal says whether an error of our own ends the instance.
func isFatal(err error) bool {
	for _, f := range []error{ErrConfig, ErrOccupied, ErrRival, ErrState} {
		if errors.Is(err, f) {
			return true
		}
	}
	return false
}

// opName says in words what failed.
func opName(op twophase.Op) string {
	switch op {
	case twophase.OpProcess:
		return "processing"
	case twophase.Fence:
		return "opening the producer"
	case twophase.ReadDecision:
		return "reading the committed offsets"
	case twophase.Restore:
		return "restoring state"
	case twophase.Store:
		return "storing the checkpoint"
	case twophase.SendOffsets:
		return "sending offsets"
	case twophase.Commit:
		return "committing"
	case twophase.Publish:
		return "applying committed state"
	}
	return strings.ToLower(op.String())
}

// hit runs a fail point that only kills or delays.
func hit(name string) {
	if failpoint.Enabled {
		failpoint.Hit(name)
	}
}

// during arms a fail point in the midst of what follows; the returned function waits until it is over.
func during(name string) func() {
	if !failpoint.Enabled {
		return func() {}
	}
	go func() {
		time.Sleep(500 * time.Microsecond)
		failpoint.Hit(name)
	}()
	return func() {}
}

// inject runs a fail point that may also put an error in the place of what follows.
func inject(name string) error {
	if !failpoint.Enabled {
		return nil
	}
	what, ok := strings.CutPrefix(failpoint.Hit(name), "error-")
	if !ok {
		return nil
	}
	err := fmt.Errorf("injected at %s", name)
	for _, c := range []txn.Class{txn.ClassAbort, txn.ClassNewProducer, txn.ClassFenced, txn.ClassUnknown, txn.ClassFatal} {
		if strings.ReplaceAll(c.String(), " ", "-") == what {
			return &txn.Error{Op: name, Class: c, Code: "_INJECTED", Err: err}
		}
	}
	return err // error-own: one of ours, such as the store's
}
