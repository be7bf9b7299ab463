package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/weirtest"
)

// view is a page view at a time of day.
func view(user, page, at string) weirtest.Record {
	return weirtest.Value(fmt.Sprintf(`{"user":%q,"page":%q,"at":"2026-01-31T%s:00Z"}`, user, page, at))
}

func session(user, start, end string, views int, entry, exit string) string {
	const day = "2026-01-31T"
	return fmt.Sprintf(`{"user":%q,"start":"%s%s:00Z","end":"%s%s:00Z","views":%d,"entry":%q,"exit":%q}`, user, day, start, day, end, views, entry, exit)
}

func check(t *testing.T, h *weirtest.Harness, topic string, want ...string) {
	t.Helper()
	var got []string
	for _, r := range h.Outputs(topic) {
		got = append(got, string(r.Value))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got\n%q\nwant\n%q", topic, got, want)
	}
}

func TestViewsOutOfOrder(t *testing.T) {
	t.Run("memory", func(t *testing.T) { viewsOutOfOrder(t, weirtest.New(t, newJob)) })
	t.Run("kafka", func(t *testing.T) { viewsOutOfOrder(t, weirtest.New(t, newJob, weirtest.ThroughKafka(1))) })
}

func viewsOutOfOrder(t *testing.T, h *weirtest.Harness) {
	t.Helper()
	h.Send("views", view("ann", "/cart", "12:01"), view("ann", "/", "12:00"), view("bob", "/", "12:20"), view("ann", "/paid", "12:31"))
	h.Commit()
	check(t, h, "sessions") // nobody has been away for long enough

	h.Send("views", view("cid", "/", "13:02")) // event time is 13:01 then, half an hour after ann's last view
	h.Commit()
	check(t, h, "sessions", session("bob", "12:20", "12:20", 1, "/", "/"), session("ann", "12:00", "12:31", 3, "/", "/paid"))
}

func TestLateViews(t *testing.T) {
	h := weirtest.New(t, newJob)
	h.Send("views", view("ann", "/", "12:00"), view("cid", "/", "12:35"))
	h.Commit()
	first := session("ann", "12:00", "12:00", 1, "/", "/")
	check(t, h, "sessions", first)

	h.Send("views", view("ann", "/home", "11:58")) // late, and still in time for a correction
	h.Commit()
	corrected := session("ann", "11:58", "12:00", 2, "/home", "/")
	check(t, h, "sessions", first, corrected)

	h.Send("views", view("cid", "/", "12:45")) // event time is 12:44 then, and ann's session ended at 12:30
	h.Commit()
	h.Send("views", view("ann", "/", "11:30"))
	h.Commit()
	check(t, h, "sessions", first, corrected)
	check(t, h, "late-views", `{"user":"ann","page":"/","at":"2026-01-31T11:30:00Z"}`)
}

func TestQuietPartitionsAreNotWaitedFor(t *testing.T) {
	h := weirtest.New(t, newJob, weirtest.Partitions(2))
	quiet, busy := view("ann", "/", "12:00"), view("bob", "/", "14:00")
	quiet.Partition, busy.Partition = 0, 1
	h.Send("views", quiet, busy)
	h.Commit()
	check(t, h, "sessions")
	h.Advance(idle + time.Minute)
	h.Commit()
	check(t, h, "sessions", session("ann", "12:00", "12:00", 1, "/", "/"))
}

func TestSessionsSurviveCrashes(t *testing.T) {
	input := weirtest.On("views", view("ann", "/", "12:00"), view("ann", "/a", "12:40"), view("ann", "/b", "12:20"), view("bob", "/", "13:15"),
		view("ann", "/c", "12:50"), view("ann", "/", "11:00"))
	weirtest.CrashEverywhere(t, newJob, input, weirtest.Epochs(3))
}
