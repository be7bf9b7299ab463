package weirtest

import (
	"path/filepath"
	"testing"
)

// A job goes on from a savepoint of another as if it were that one.
func TestStartFrom(t *testing.T) {
	for name, c := range map[string]struct{ before, after []Option }{
		"as it was":                {nil, nil},
		"memory to kafka":          {nil, []Option{ThroughKafka(3)}},
		"kafka to memory":          {[]Option{ThroughKafka(3)}, nil},
		"kafka to kafka":           {[]Option{ThroughKafka(2)}, []Option{ThroughKafka(5)}},
		"other key groups":         {nil, []Option{MaxParallelism(31)}},
		"other key groups, shards": {[]Option{ThroughKafka(2)}, []Option{ThroughKafka(3), MaxParallelism(1000)}},
	} {
		t.Run(name, func(t *testing.T) {
			url := "file://" + t.TempDir() + "/savepoint"
			h := New(t, counts, c.before...)
			h.Send("in", Values("a", "b", "a")...)
			h.Commit()
			h.Savepoint(url)
			wantState(t, h, map[string]int64{"a": 2, "b": 1})

			h = New(t, counts, append(c.after, StartFrom(url))...)
			h.Send("in", Values("a")...)
			h.Send("in", Values("c")...)
			h.Commit()
			if got := text(h.Outputs("out")); got != "a3 c1" && got != "c1 a3" {
				t.Errorf("outputs %q", got)
			}
			wantState(t, h, map[string]int64{"a": 3, "b": 1, "c": 1})
			h.Crash(Lost)
			h.Send("in", Values("b")...)
			h.Commit()
			wantState(t, h, map[string]int64{"a": 3, "b": 2, "c": 1})
		})
	}
}

// TestStartFromCrashes: the same results whatever goes wrong on the way from the savepoint to the first commit point, and after it.
func TestStartFromCrashes(t *testing.T) {
	url := "file://" + t.TempDir() + "/savepoint"
	h := New(t, counts)
	h.Send("in", Values("a", "b", "a", "d")...)
	h.Commit()
	h.Savepoint(url)
	for name, opts := range map[string][]Option{
		"memory":           nil,
		"kafka":            {ThroughKafka(2)},
		"at least once":    {AtLeastOnce()},
		"two clusters":     {TwoClusters()},
		"other key groups": {MaxParallelism(7)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSettings(append(opts, StartFrom(url), Epochs(1)))
			s.scratch = filepath.Join(t.TempDir(), "scratch")
			v := verify(t, counts, s)
			if len(v.all) > 0 {
				t.Errorf("%d verdicts, the first: %s", len(v.all), v.all[0])
			}
			t.Log(v.summary)
		})
	}
}
