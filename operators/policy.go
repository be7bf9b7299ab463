package operators

import (
	"strconv"

	"github.com/weirstream/weir/txn"
)

// Policy says what becomes of a record that an operator's function fails on. The zero one fails the epoch.
type Policy struct {
	// Skip goes on without the record.
	Skip bool
	// Letters goes on without it too, and writes the source record that it was made of to this topic, if it is not empty.
	Letters string
}

// Loss is why a record goes no further.
type Loss uint8

// The reasons.
const (
	Skipped    Loss = iota + 1
	DeadLetter      // it is in a dead-letter topic
	Late            // it came too late for a window, whose late records nobody reads
)

// The headers of a dead letter, behind those of the source record. A record that fails again as a dead letter has them twice; the last ones count.
const (
	HeaderCause     = "weir.error.cause"     // the error's text
	HeaderOperator  = "weir.error.operator"  // uid of the operator that failed
	HeaderTopic     = "weir.error.topic"     // where the source record is
	HeaderPartition = "weir.error.partition" // decimal
	HeaderOffset    = "weir.error.offset"    // decimal
)

// longestCause bounds the text of an error in a header.
const longestCause = 4096

// letter is the dead letter of the source record at work, whose failure is e. A source record may be as large as the topic takes: then there is less of the text of
// the error, and in the end no header but its own. why says that the topic doesn't take even that.
func (t *Task) letter(topic string, e *RecordError) (letter *Output, why error) {
	r := t.raw
	cause := e.Err.Error()
	cause = cause[:min(len(cause), longestCause)]
	letter = &Output{Key: r.Key, Value: r.Value, Headers: t.explained(e, cause), Timestamp: max(r.Timestamp, 0), Topic: topic, Partition: txn.AnyPartition}
	to := room{t: t}
	why = to.check(letter)
	if why == nil {
		return letter, nil
	}
	over := sizeOf(letter) - to.limits.Bytes
	if letter.Headers = r.Headers; over > 0 && over <= len(cause) {
		letter.Headers = t.explained(e, cause[:len(cause)-over])
	}
	return letter, to.check(letter)
}

// explained are the headers of the source record at work, and those of a dead letter behind them.
func (t *Task) explained(e *RecordError, cause string) []txn.Header {
	headers := make([]txn.Header, 0, len(t.raw.Headers)+5)
	return append(append(headers, t.raw.Headers...),
		txn.Header{Key: HeaderCause, Value: []byte(cause)},
		txn.Header{Key: HeaderOperator, Value: []byte(e.UID)},
		txn.Header{Key: HeaderTopic, Value: []byte(e.Topic)},
		txn.Header{Key: HeaderPartition, Value: strconv.AppendInt(nil, int64(e.Partition), 10)},
		txn.Header{Key: HeaderOffset, Value: strconv.AppendInt(nil, e.Offset, 10)})
}

// lost tells that a record of an operator goes no further.
func (t *Task) lost(uid string, why Loss, err error) {
	if t.env.Lost != nil {
		t.env.Lost(uid, why, err)
	}
}
