package operators

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// PanicError is a panic of a function. Its text says where it was and of what type the value is, but shows the value only if that is an
// error, whose text is the function's own words: anything else may be the record's data.
type PanicError struct {
	Value any
	Stack []byte
	// At is the function that panicked and its line.
	At string
}

// Recovered makes an error of what recover has returned. It is called by the deferred function.
func Recovered(value any) *PanicError {
	return &PanicError{Value: value, Stack: debug.Stack(), At: panicked()}
}

// Error leaves the stack out: it is for whoever asks with errors.As.
func (e *PanicError) Error() string {
	if err, ok := e.Value.(error); ok {
		return fmt.Sprintf("panic in %s: %v", e.At, err)
	}
	return fmt.Sprintf("panic in %s with a %T, which is not shown since it may hold data of the record", e.At, e.Value)
}

// Unwrap gives the error that the function panicked with, if it was one.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// panicked looks on the stack for the function that called panic, or whose instruction did.
func panicked() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for within := false; ; {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if within && !inRuntime {
			return fmt.Sprintf("%s (%s:%d)", base(f.Function), base(f.File), f.Line)
		}
		within = within || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown function"
		}
	}
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// rescue turns a panic into an error of the operator at work. It is deferred once for each batch.
func (t *Task) rescue(err *error) {
	if p := recover(); p != nil {
		*err = t.fail(t.op, Recovered(p))
	}
}
