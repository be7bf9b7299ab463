package weirtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
)

// verdicts is a runner that keeps what it hears instead of failing.
type verdicts struct {
	t       *testing.T
	first   string // the name of the first part that failed
	all     []string
	summary string
}

func (v *verdicts) whole(f func() string) bool { return v.part("whole", f) }

func (v *verdicts) part(name string, f func() string) bool {
	var verdict string
	synctest.Test(v.t, func(*testing.T) { verdict = f() })
	if verdict == "" {
		return true
	}
	if v.first == "" {
		v.first = name
	}
	v.all = append(v.all, name+": "+verdict)
	return false
}

func (v *verdicts) done(summary string) { v.summary = summary }

// counts is a job that counts keys, in its state.
func counts() *stream.Job {
	job := stream.NewJob("counts")
	words := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	total := stream.Count(stream.KeyBy(words, same, stream.UID("by_word")), stream.UID("count"))
	stream.To(total, "out", stream.AsPair(state.String{}, state.Int64{}), stream.UID("sink"))
	return job
}

func same(s string) string { return s }

// mapped is a job that writes what f makes of each word.
func mapped(f func(word string) string) *stream.Job {
	job := stream.NewJob("mapped")
	words := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	pairs := stream.Map(words, func(w string) stream.KV[string, string] { return stream.KV[string, string]{Key: w, Value: f(w)} }, stream.UID("map"))
	stream.To(pairs, "out", stream.AsPair(state.String{}, state.String{}), stream.UID("sink"))
	return job
}

// countsInVariable counts in a variable of its own, which a process forgets when it dies.
func countsInVariable() *stream.Job {
	seen := map[string]int{}
	return mapped(func(w string) string { seen[w]++; return strconv.Itoa(seen[w]) })
}

var everSeen int

// countsForEver counts in a variable of the program.
func countsForEver() *stream.Job {
	return mapped(func(string) string { everSeen++; return strconv.Itoa(everSeen) })
}

func tellsTime() *stream.Job {
	return mapped(func(string) string { return time.Now().String() })
}

var input = On("in", Values("a", "b", "a", "a", "b", "c")...)

func verify(t *testing.T, job func() *stream.Job, s settings) *verdicts {
	t.Helper()
	v := &verdicts{t: t}
	crashEverywhere(v, job, input, s)
	return v
}

func TestExactlyOnce(t *testing.T) {
	v := verify(t, counts, newSettings([]Option{Twice()}))
	if len(v.all) > 0 {
		t.Errorf("%d verdicts, the first: %s", len(v.all), v.all[0])
	}
	t.Log(v.summary)
	if !strings.Contains(v.summary, " 0 not met") {
		t.Error("a call of the run without faults was not made again")
	}
}

// TestNotExactlyOnce: jobs that are not, and a guarantee that is not, are caught.
func TestNotExactlyOnce(t *testing.T) {
	weak := newSettings(nil)
	weak.guarantee = twophase.AtLeastOnce // but repeats are not forgiven
	for name, c := range map[string]struct {
		job      func() *stream.Job
		settings settings
		first    string // part that fails
		says     string
	}{
		"counts in a variable": {countsInVariable, newSettings(nil), "", `want "1", "2", "3"`},
		"counts for ever":      {countsForEver, newSettings(nil), "no-fault", "outputs of key"},
		"tells the time":       {tellsTime, newSettings(nil), "", "outputs of key"},
		"at least once":        {counts, weak, "", "outputs of key"},
	} {
		t.Run(name, func(t *testing.T) {
			v := verify(t, c.job, c.settings)
			if len(v.all) == 0 {
				t.Fatal("nothing was noticed")
			}
			if c.first != "" && v.first != c.first || !strings.Contains(v.all[0], c.says) {
				t.Errorf("at %s: %s", v.first, v.all[0])
			}
		})
	}
}

// TestLossIsNoticed: the first output of a process differs from all others, so that one of those that are wanted is missing after a crash.
func TestLossIsNoticed(t *testing.T) {
	job := func() *stream.Job {
		warm := false
		return mapped(func(w string) string {
			defer func() { warm = true }()
			return fmt.Sprint(warm)
		})
	}
	s := newSettings([]Option{AtLeastOnce()})
	if v := verify(t, job, s); len(v.all) == 0 {
		t.Fatal("nothing was noticed")
	}
}

func TestAtLeastOnce(t *testing.T) {
	v := verify(t, counts, newSettings([]Option{AtLeastOnce(), Twice()}))
	if len(v.all) > 0 {
		t.Errorf("%d verdicts, the first: %s", len(v.all), v.all[0])
	}
	t.Log(v.summary)
}

func TestReplays(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"", "", true}, {"abc", "abc", true}, {"abc", "ababc", true}, {"abc", "aabbcc", true}, {"abc", "abcabc", true}, {"aab", "aab", true},
		{"abc", "ab", false}, {"abc", "ac", false}, {"abc", "abcx", false}, {"", "a", false}, {"abc", "", false}, {"abc", "abca", false},
	} {
		if got := replays(strings.Split(c.want, ""), strings.Split(c.got, "")); got != c.ok {
			t.Errorf("%s after %s: %v", c.got, c.want, got)
		}
	}
}

func TestPattern(t *testing.T) {
	if got := pattern("TestX/commit-1-crash"); got != "^TestX$/^commit-1-crash$" {
		t.Error(got)
	}
}
