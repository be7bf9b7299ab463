package weirtest

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

func text(records []Record) string {
	var out []string
	for _, r := range records {
		v, _ := state.Int64{}.Decode(r.Value)
		out = append(out, string(r.Key)+string(rune('0'+v)))
	}
	return strings.Join(out, " ")
}

func wantOut(t *testing.T, h *Harness, want string) {
	t.Helper()
	if got := text(h.Outputs("out")); got != want {
		t.Fatalf("outputs %q, want %q", got, want)
	}
}

func wantState(t *testing.T, h *Harness, want map[string]int64) {
	t.Helper()
	if got := State(h, "count", "count", state.String{}, state.Int64{}); !maps.Equal(got, want) {
		t.Fatalf("state %v, want %v", got, want)
	}
}

func TestHarness(t *testing.T) {
	h := New(t, counts)
	h.Send("in", Values("a", "b", "a")...)
	h.Run()
	wantOut(t, h, "")
	h.Commit()
	wantOut(t, h, "a1 b1 a2")
	wantState(t, h, map[string]int64{"a": 2, "b": 1})

	h.Send("in", Value("a"))
	h.Run()
	h.Crash(Lost) // what was not committed comes again
	wantOut(t, h, "a1 b1 a2")
	h.Commit()
	wantOut(t, h, "a1 b1 a2 a3")

	h.Send("in", Value("c"))
	h.Run()
	h.Restart() // commits what was processed
	wantOut(t, h, "a1 b1 a2 a3 c1")
	wantState(t, h, map[string]int64{"a": 3, "b": 1, "c": 1})
}

func TestArm(t *testing.T) {
	for _, f := range []Fault{
		{Call: "commit", Nth: 1, When: After}, {Call: "commit", Nth: 1, Local: Synced}, {Call: "put-manifest", Nth: 1, Local: Lost},
		{Call: "commit", Nth: 1, When: After, Class: txn.ClassUnknown}, {Call: "commit", Nth: 1, Class: txn.ClassFenced},
	} {
		t.Run(f.String(), func(t *testing.T) {
			h := New(t, counts)
			h.Send("in", Values("a", "b")...)
			h.Commit()
			h.Arm(f)
			h.Send("in", Values("a", "a")...)
			h.Commit()
			if !h.Fired() {
				t.Error("it has not happened")
			}
			wantOut(t, h, "a1 b1 a2 a3")
			wantState(t, h, map[string]int64{"a": 3, "b": 1})
		})
	}
}

// TestAdvance: an hour passes at once, and the barriers in it are the job's own.
func TestAdvance(t *testing.T) {
	h := New(t, counts)
	began := time.Now()
	before := h.Now()
	h.Send("in", Value("a"))
	h.Advance(time.Hour)
	wantOut(t, h, "a1")
	if d := h.Now().Sub(before); d != time.Hour {
		t.Errorf("%v have passed", d)
	}
	t.Logf("an hour took %v", time.Since(began))
}

// fatal keeps what a Harness says instead of ending the test.
type fatal struct {
	testing.TB
	said string
}

func (f *fatal) Helper() {}

func (f *fatal) Fatalf(format string, args ...any) { f.said = fmt.Sprintf(format, args...); panic(f) }

func refuses(t *testing.T, h *Harness, f func()) (said string) {
	t.Helper()
	real, no := h.t, &fatal{TB: h.t}
	h.t = no
	defer func() {
		said = no.said
		h.t = real
		if recover() == nil {
			t.Error("it was not refused")
		}
	}()
	f()
	return said
}

func TestRefusals(t *testing.T) {
	h := New(t, counts)
	refuses(t, h, func() { h.Send("elsewhere", Value("a")) })
	refuses(t, h, func() { h.Outputs("elsewhere") })
	h.Send("in", Value("a"))
	h.Commit()
	refuses(t, h, func() { State(h, "count", "other", state.String{}, state.Int64{}) })
	refuses(t, h, func() { State(h, "count", "count", state.String{}, state.String{}) })
	refuses(t, h, func() { State(h, "count", "count", state.Int64{}, state.Int64{}) })
	refuses(t, h, func() { MapState(h, "count", "count", state.String{}, state.String{}, state.Int64{}) })
	refuses(t, h, func() { ListState(h, "count", "count", state.String{}, state.Int64{}) })
	wantState(t, h, map[string]int64{"a": 1})
}
