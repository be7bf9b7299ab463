package config

import (
	"fmt"
	"strings"
)

// Error is what is wrong with one setting.
type Error struct {
	Setting string // WEIR_CHECKPOINT_INTERVAL, or --checkpoint-interval if the flag was given
	Value   string // masked if it is a secret
	Problem string // what is wrong, what is allowed, what to do
}

func (e *Error) Error() string {
	if e.Value == "" {
		return e.Setting + ": " + e.Problem
	}
	return fmt.Sprintf("%s=%q: %s", e.Setting, e.Value, e.Problem)
}

// Errors is everything that is wrong, in the order of the settings.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, problem := range e {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each one.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, problem := range e {
		errs[i] = problem
	}
	return errs
}

func (e *Errors) add(setting, value, format string, args ...any) {
	*e = append(*e, &Error{Setting: setting, Value: value, Problem: fmt.Sprintf(format, args...)})
}

// or returns nil as an error without a type when there is nothing wrong.
func (e Errors) or() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
