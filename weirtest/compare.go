package weirtest

import (
	"fmt"
	"slices"
	"strings"
)

// compare says in words what is wrong with an outcome; empty: nothing.
func (e *experiment) compare(got outcome) string {
	if e.repeats && e.exchange != "" {
		return missing(e.want, got)
	}
	return differs(e.want, got, e.repeats)
}

// missing says whether something of want is not there, whatever else there may be.
func missing(want, got outcome) string {
	for _, key := range sortedKeys(want.outputs) {
		if w, g := want.outputs[key], got.outputs[key]; len(g) < len(w) {
			return fmt.Sprintf("outputs of %s are missing\n  want %s, or more\n  got  %s", key, strings.Join(w, ", "), strings.Join(g, ", "))
		}
	}
	wantState, gotState := states(want, got)
	for _, key := range sortedKeys(wantState) {
		if _, ok := gotState[key]; !ok {
			return fmt.Sprintf("the committed %s is missing", key)
		}
	}
	return ""
}

// differs says in words how an outcome differs from the one without faults; empty: not at all.
func differs(want, got outcome, repeats bool) string {
	for _, key := range sortedKeys(want.outputs, got.outputs) {
		w, g := want.outputs[key], got.outputs[key]
		if repeats && replays(w, g) || slices.Equal(w, g) {
			continue
		}
		return fmt.Sprintf("the outputs of %s differ at number %d\n  want %s\n  got  %s",
			key, firstDifference(w, g)+1, strings.Join(w, ", "), strings.Join(g, ", "))
	}
	wantState, gotState := states(want, got)
	for _, key := range sortedKeys(wantState, gotState) {
		w, inWant := wantState[key]
		g, inGot := gotState[key]
		if w != g || inWant != inGot {
			return fmt.Sprintf("the committed %s differs\n  want %s\n  got  %s", key, orNothing(w), orNothing(g))
		}
	}
	return ""
}

// states are those of two outcomes at the later of their times. A crash takes the clock further, and more has expired then.
func states(want, got outcome) (w, g map[string]string) {
	clock := max(want.clock, got.clock)
	return want.seen(clock), got.seen(clock)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func firstDifference(a, b []string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

// replays says whether got is want with repetitions as a crash causes them: from any place it may go back to an earlier one
// and on from there, but it never leaves anything out, and it ends at the end.
func replays(want, got []string) bool {
	at := -1 // the furthest place of want at which got can be
	for _, g := range got {
		next := min(at+1, len(want)-1)
		for next >= 0 && want[next] != g {
			next--
		}
		if next < 0 {
			return false
		}
		at = next
	}
	return at == len(want)-1
}
