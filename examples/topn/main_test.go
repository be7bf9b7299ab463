package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/weirtest"
)

// play is one at a minute and second after noon.
func play(song, at string) weirtest.Record {
	return weirtest.Value(fmt.Sprintf(`{"song":%q,"at":"2026-01-31T12:%sZ"}`, song, at))
}

func check(t *testing.T, h *weirtest.Harness, want ...string) {
	t.Helper()
	var got []string
	for _, r := range h.Outputs("charts") {
		got = append(got, string(r.Key)+" "+string(r.Value))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestChartOfEveryMinute(t *testing.T) {
	t.Run("memory", func(t *testing.T) { chartOfEveryMinute(t, weirtest.New(t, newJob)) })
	t.Run("kafka", func(t *testing.T) { chartOfEveryMinute(t, weirtest.New(t, newJob, weirtest.ThroughKafka(1))) })
}

func chartOfEveryMinute(t *testing.T, h *weirtest.Harness) {
	t.Helper()
	h.Send("plays", play("b", "00:01"), play("c", "00:20"), play("a", "00:05"), play("c", "01:03"), play("d", "00:59"), play("d", "00:55"))
	h.Commit()
	check(t, h)
	h.Crash(weirtest.Lost)
	h.Send("plays", play("c", "01:10")) // 10 seconds later than the minute: it is over
	h.Commit()
	first := `2026-01-31T12:00:00Z [{"song":"d","plays":2},{"song":"a","plays":1},{"song":"b","plays":1}]`
	check(t, h, first)

	h.Send("plays", play("a", "00:59"), play("a", "02:10")) // the first one comes too late
	h.Commit()
	check(t, h, first, `2026-01-31T12:01:00Z [{"song":"c","plays":2}]`)
	if top := weirtest.State(h, "chart", "top", state.Int64{}, state.JSON[[]Place]{}); len(top) != 0 {
		t.Errorf("charts that are written should be forgotten; there are %v", top)
	}
}

func TestTopnSurvivesCrashes(t *testing.T) {
	input := weirtest.On("plays", play("a", "00:01"), play("b", "00:50"), play("b", "00:20"), play("c", "01:15"), play("a", "00:10"), play("a", "02:30"))
	weirtest.CrashEverywhere(t, newJob, input, weirtest.Epochs(3))
}
