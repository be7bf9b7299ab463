package weirtest

import (
	"strings"
	"testing"
	"testing/synctest"
)

// runner runs each part of CrashEverywhere in a bubble and takes its verdict; empty: good.
type runner interface {
	whole(f func() string) bool
	part(name string, f func() string) bool
	done(summary string)
}

type inTest struct{ *testing.T }

func (t inTest) whole(f func() string) bool {
	var verdict string
	synctest.Test(t.T, func(*testing.T) { verdict = f() })
	if verdict != "" {
		t.Errorf("without any fault: %s", verdict)
	}
	return verdict == ""
}

func (t inTest) part(name string, f func() string) bool {
	return t.Run(name, func(sub *testing.T) {
		var verdict string
		synctest.Test(sub, func(*testing.T) { verdict = f() })
		if verdict != "" {
			sub.Errorf("%s: %s\nonly this one: go test -run '%s'", name, verdict, pattern(sub.Name()))
		}
	})
}

func (t inTest) done(summary string) { t.Log(summary) }

// pattern is what -run needs to run one test alone.
func pattern(name string) string {
	return "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
}
