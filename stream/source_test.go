package stream

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
)

func TestSourceMistakes(t *testing.T) {
	from := func(s Subscription, opts ...Option) func(j *Job) {
		return func(j *Job) { To(From(j, s, text, opts...), "out", plain) }
	}
	ttl := func(j *Job) {
		Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
			ValueState(s, "v", state.String{}, TTL{After: time.Hour, Domain: EventTime})
			return func(*Context[string, string], string) error { return nil }
		}, UID("p"))
	}
	for want, build := range map[string]func(j *Job){
		"operator \"source-1\": the pattern of its topics: error parsing regexp: missing closing ]: `[a`": from(Pattern("[a")),
		`operator "source-1": it reads no topic`:                                                          from(Pattern("")),
		`operator "sink-2": StartAt, Bounded, ReadFirst and AlignWatermarks are options of sources`:       func(j *Job) { To(lines(j), "out", plain, Bounded()) },
		`operator "source-1": AlignWatermarks is for sources with Watermarks`:                             from(Topics("in"), AlignWatermarks(time.Second)),
		`operator "source-1": AlignWatermarks is given 0s; it needs more than 0`:                          from(Topics("in"), Watermarks(0), AlignWatermarks(0)),
		`operator "source-1": StartAt gives an offset for topic "on", which it does not read`:             from(Topics("in"), StartAt(Offsets(map[Partition]int64{{Topic: "on"}: 1}))),
		`operator "source-1": StartAt: topic "in" partition 0 offset -1; want numbers of 0 or more`:       from(Topics("in"), StartAt(Offsets(map[Partition]int64{{Topic: "in"}: -1}))),
		`operator "p": the TTL: it goes by event time, but source "in" has no watermarks`:                 ttl,
	} {
		j := NewJob("job")
		build(j)
		if _, err := j.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A pattern is matched against the whole name, however it is written.
func TestPatternMatchesWholeNames(t *testing.T) {
	for expr, names := range map[string][2]string{ // what matches, and what does not
		"orders-.*":    {"orders-1", "my-orders-1"},
		"^orders-.*$":  {"orders-1", "my-orders-1"},
		"a|bc":         {"bc", "abc"},
		"^orders":      {"orders", "orders-1"},
		"(eu|us)[0-9]": {"us7", "us77"},
	} {
		j := NewJob("job")
		To(From(j, Pattern(expr), text), "out", plain)
		plan, err := j.Plan()
		if err != nil {
			t.Fatal(err)
		}
		if s := plan.Stages[0].Source; !s.Reads(names[0]) || s.Reads(names[1]) {
			t.Errorf("%s: %q %v, %q %v", expr, names[0], s.Reads(names[0]), names[1], s.Reads(names[1]))
		}
	}
}

// Whatever a Start is, its text means the same.
func TestStartText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offsets := rapid.MapOfN(rapid.Custom(func(t *rapid.T) Partition {
			return Partition{Topic: rapid.StringMatching(`[a-zA-Z0-9._-]{1,9}`).Draw(t, "topic"), ID: rapid.Int32Range(0, 99).Draw(t, "partition")}
		}), rapid.Int64Min(0), 1, 4).Draw(t, "offsets")
		s := rapid.SampledFrom([]Start{
			Earliest(), Latest(), Committed(), Timestamp(time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ts"))), Offsets(offsets),
		}).Draw(t, "start")
		got, err := ParseStart(s.String())
		if err != nil || got.String() != s.String() || got.Kind() != s.Kind() || got.UnixMilli() != s.UnixMilli() {
			t.Fatalf("%s: %+v, %v", s, got, err)
		}
		for p, offset := range offsets {
			if at, ok := got.Of(p); s.Kind() == StartOffsets && (!ok || at != offset) {
				t.Fatal(p, at, offset)
			}
		}
	})
	for _, bad := range []string{"", "now", "2026-01-31", "t=1", "t:x=1", "t:1=-1", "t:-1=1", ":0=1", "t:0=1,", "t:0=1,t:0=2", "t:0=1;u:0=1"} {
		if s, err := ParseStart(bad); err == nil || !strings.Contains(err.Error(), bad) && bad != "t:0=1," {
			t.Errorf("%q: %v, %v", bad, s, err)
		}
	}
}

func TestPatternOf(t *testing.T) {
	for text, want := range map[string]string{"^a.*": "^a.*", "/a{1,2}/": "a{1,2}", "a": "", "/a": "", "/": "", "//": ""} {
		expr, ok := PatternOf(text)
		if isPattern := want != "" || text == "//"; ok != isPattern || ok && expr != want {
			t.Errorf("%q: %q, %v", text, expr, ok)
		}
		if _, err := regexp.Compile(expr); err != nil {
			t.Error(err)
		}
	}
}

// A timer that could never fire is refused where it is set.
func TestTimerWithoutWatermarks(t *testing.T) {
	var set *Timers
	j := NewJob("job")
	p := Process(KeyBy(lines(j), self), func(s *Setup) ProcessFunc[string, string, string] {
		set = OnTimer(s, func(*Context[string, string], Timer) error { return nil })
		return func(*Context[string, string], string) error { return set.Set(EventTime, 5) }
	}, UID("p"))
	To(p, "out", plain)
	if _, err := j.Plan(); err != nil {
		t.Fatal(err)
	}
	err := set.Set(EventTime, 5)
	if err == nil || !strings.Contains(err.Error(), `a timer of event time would never fire: it goes by event time, but source "in" has no watermarks`) {
		t.Fatal(err)
	}
}
