package operators

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// RecordError is a failure of an operator's function, with the position of the record that it met. It shows none of the
// record's data, other than what the function's own error says.
type RecordError struct {
	// UID is the operator's uid, or the name that the plan gave it.
	UID string
	// Topic, Partition and Offset say which source record was at work; Topic is empty behind an exchange, where
	// nobody knows any more.
	Topic     string
	Partition int32
	Offset    int64
	Err       error
}

func (e *RecordError) Error() string {
	if e.Topic == "" {
		return fmt.Sprintf("operator %q: %v", e.UID, e.Err)
	}
	return fmt.Sprintf("operator %q, record %s[%d]@%d: %v", e.UID, e.Topic, e.Partition, e.Offset, e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }

// PanicError is a panic of an operator's function.
type PanicError struct {
	Value any
	Stack []byte
}

// Error leaves the stack out: it is for whoever asks with errors.As.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap gives the error that the function panicked with, if it was one.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errForeignBatch: a stage got a batch that its exchange does not carry, which only a mistaken runtime can cause.
var errForeignBatch = errors.New("batch of another exchange")

// fail wraps an error of op's function. An error that says already where it is from stays as it is.
func (t *Task) fail(op int32, err error) error {
	var known *RecordError
	if errors.As(err, &known) {
		return err
	}
	e := &RecordError{UID: t.uids[op], Err: err}
	if b := t.batch; b != nil && t.index < len(b.Records) {
		e.Topic, e.Partition, e.Offset = b.Partition.Topic, b.Partition.ID, b.Records[t.index].Offset
	}
	return e
}

// failed is fail where there may be no error.
func (t *Task) failed(op int32, err error) error {
	if err == nil {
		return nil
	}
	return t.fail(op, err)
}

// rescue turns a panic into an error of the operator at work. It is deferred once for each batch.
func (t *Task) rescue(err *error) {
	if p := recover(); p != nil {
		*err = t.fail(t.op, &PanicError{Value: p, Stack: debug.Stack()})
	}
}
