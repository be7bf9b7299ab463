package operators

import (
	"errors"
	"fmt"
)

// RecordError is a failure of an operator's function on a record or timer. It shows none of the record's data, other than what the
// function's own error says: the key of a timer is there for who asks (Culprit.Key), and not in the text.
type RecordError struct {
	Culprit
	Err error
}

func (e *RecordError) Error() string { return fmt.Sprintf("%v: %v", e.Culprit, e.Err) }

func (e *RecordError) Unwrap() error { return e.Err }

// errForeignBatch: a stage got a batch that its exchange does not carry, which only a mistaken runtime can cause.
var errForeignBatch = errors.New("batch of another exchange")

// fail wraps an error of op's function. An error that says already where it is from stays as it is.
func (t *Task) fail(op int32, err error) error {
	var known *RecordError
	if errors.As(err, &known) {
		return err
	}
	return &RecordError{Culprit: t.culprit(op), Err: err}
}

// failed is fail where there may be no error.
func (t *Task) failed(op int32, err error) error {
	if err == nil {
		return nil
	}
	return t.fail(op, err)
}
