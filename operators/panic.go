package operators

import (
	"fmt"
	"runtime"
	"strings"
)

// PanicError is a panic of a function. Its text says where it was and of what type the value is, but shows the value only if that is an
// error, whose text is the function's own words: anything else may be the record's data.
type PanicError struct {
	Value any
	// At is the function that panicked and its line.
	At string
	// Stack is the calls that led there, the innermost first, without their arguments.
	Stack []byte
}

// Recovered makes an error of what recover has returned. It is called by the deferred function.
func Recovered(value any) *PanicError {
	calls := panicked()
	return &PanicError{Value: value, At: calls[0], Stack: []byte(strings.Join(calls, "\n"))}
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

// panicked lists the calls up to the function that called panic, or whose instruction did, the innermost first.
func panicked() (calls []string) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for within, more := false, true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if within && !inRuntime {
			calls = append(calls, fmt.Sprintf("%s (%s:%d)", base(f.Function), base(f.File), f.Line))
		}
		within = within || f.Function == "runtime.gopanic"
	}
	if len(calls) == 0 {
		return []string{"an unknown function"}
	}
	return calls
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// rescue turns a panic into an error of the operator at work. It is deferred once for each batch.
func (t *Task) rescue(err *error) {
	if p := recover(); p != nil {
		*err = t.fail(t.op, Recovered(p))
	}
}
