package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weirstream/weir/weirtest"
)

// payment is one at a time of day.
func payment(id string, cents int, at string) weirtest.Record {
	return weirtest.Value(fmt.Sprintf(`{"id":%q,"card":"c7","cents":%d,"at":"2026-01-31T%s:00Z"}`, id, cents, at))
}

func alert(rule, payments string) string {
	return fmt.Sprintf(`{"card":"c7","rule":%q,"payments":[%s]}`, rule, payments)
}

func check(t *testing.T, h *weirtest.Harness, want ...string) {
	t.Helper()
	var got []string
	for _, r := range h.Outputs("alerts") {
		got = append(got, string(r.Value))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestRulesChangeWhileTheJobRuns(t *testing.T) {
	t.Run("memory", func(t *testing.T) { rulesChangeWhileTheJobRuns(t, weirtest.New(t, newJob)) })
	t.Run("kafka", func(t *testing.T) { rulesChangeWhileTheJobRuns(t, weirtest.New(t, newJob, weirtest.ThroughKafka(1))) })
}

func rulesChangeWhileTheJobRuns(t *testing.T, h *weirtest.Harness) {
	t.Helper()
	send := func(topic string, r weirtest.Record) {
		h.Send(topic, r)
		h.Commit() // between two topics there is no order
	}
	send("payments", payment("p1", 5000, "12:00"))
	send("rules", weirtest.Pair("large", `{"count":1,"cents":5000,"minutes":1}`))
	send("payments", payment("p2", 5000, "12:01"))
	send("rules", weirtest.Pair("many", `{"count":3,"cents":0,"minutes":5}`))
	send("payments", payment("p3", 10, "12:02"))
	h.Crash(weirtest.Lost)
	send("rules", weirtest.Record{Key: []byte("large")})
	send("payments", payment("p4", 9000, "12:05"))
	want := []string{alert("large", `"p2"`), alert("many", `"p1","p2","p3"`), alert("many", `"p2","p3","p4"`)}
	check(t, h, want...)

	h.Advance(2 * longest * 60e9) // what no rule can look back to is forgotten
	send("payments", payment("p5", 10, "12:05"))
	check(t, h, want...)
}

func TestSenselessRulesAreDeadLetters(t *testing.T) {
	h := weirtest.New(t, newJob)
	h.Send("rules", weirtest.Pair("r", `{"count":1,"minutes":61}`), weirtest.Pair("r", "{"), weirtest.Pair("r", `{"count":1,"minutes":60}`))
	h.Send("payments", weirtest.Value(`{"id":"p1"}`))
	h.Commit()
	if rules, payments := len(h.Outputs("malformed-rules")), len(h.Outputs("malformed-payments")); rules != 2 || payments != 1 {
		t.Errorf("%d malformed rules and %d payments, want 2 and 1", rules, payments)
	}
}

func TestFraudSurvivesCrashes(t *testing.T) {
	input := weirtest.On("rules", weirtest.Pair("all", `{"count":1,"cents":0,"minutes":5}`))
	input = append(input, weirtest.On("payments", payment("p1", 10, "12:00"))...)
	input = append(input, weirtest.On("rules", weirtest.Record{Key: []byte("all")})...)
	input = append(input, weirtest.On("payments", payment("p2", 10, "12:01"))...)
	weirtest.CrashEverywhere(t, newJob, input, weirtest.Epochs(len(input))) // one record in each, so that their order is certain
}
