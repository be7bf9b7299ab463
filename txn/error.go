package txn

import (
	"errors"
	"fmt"
)

// Class says what has to follow an error.
type Class uint8

// The classes. Drivers retry ClassRetry themselves as long as the context lasts; a caller sees it from Poll, and
// wrapped as ClassUnknown or ClassAbort when the context is over, as the call's nature demands.
const (
	// ClassRetry: nothing happened, the same call can be made again.
	ClassRetry Class = iota + 1
	// ClassAbort: the call surely had no effect; abort the transaction and go on with the same producer.
	ClassAbort
	// ClassNewProducer: the call surely had no effect, but this producer is unusable: close it and make a new one.
	ClassNewProducer
	// ClassFenced: another producer has our transactional id, or the broker ended the transaction for its age.
	ClassFenced
	// ClassUnknown: the call may have had its effect, or may still have it.
	ClassUnknown
	// ClassFatal: no repetition helps (permission, configuration, unsupported broker, lost data).
	ClassFatal
)

// String returns the class in words.
func (c Class) String() string {
	switch c {
	case ClassRetry:
		return "retry"
	case ClassAbort:
		return "abort"
	case ClassNewProducer:
		return "new producer"
	case ClassFenced:
		return "fenced"
	case ClassUnknown:
		return "outcome unknown"
	case ClassFatal:
		return "fatal"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Error is an error of this package: what was tried, on what, and what has to follow.
type Error struct {
	Op    string // "commit transaction", "poll", …
	Class Class
	// Code is the client's or broker's symbolic name of the error ("TOPIC_AUTHORIZATION_FAILED"), for logs and metrics.
	Code string
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %v (%s; %s)", e.Op, e.Err, e.Code, e.Class)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of the first *Error in err's chain, ClassFatal for any other error, and 0 for nil.
func ClassOf(err error) Class {
	if err == nil {
		return 0
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	return ClassFatal
}
