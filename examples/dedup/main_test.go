package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/weirtest"
)

func transfer(id string) weirtest.Record {
	return weirtest.Value(fmt.Sprintf(`{"id":%q,"account":"ann","cents":500}`, id))
}

func ids(t *testing.T, records []weirtest.Record) (ids []string) {
	t.Helper()
	for _, r := range records {
		v, err := state.JSON[Transfer]{}.Decode(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, v.ID)
	}
	return ids
}

func TestEveryTransferPassesOnce(t *testing.T) {
	t.Run("memory", func(t *testing.T) { everyTransferPassesOnce(t, weirtest.New(t, newJob)) })
	t.Run("kafka", func(t *testing.T) { everyTransferPassesOnce(t, weirtest.New(t, newJob, weirtest.ThroughKafka(1))) })
}

func everyTransferPassesOnce(t *testing.T, h *weirtest.Harness) {
	t.Helper()
	h.Send("transfers", transfer("t1"), transfer("t2"), transfer("t1"), transfer(""))
	h.Commit()
	h.Crash(weirtest.Lost) // what was seen is part of the checkpoint
	h.Send("transfers", transfer("t2"), transfer("t3"))
	h.Commit()
	if got, want := ids(t, h.Outputs("unique-transfers")), []string{"t1", "t2", "t3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(h.Outputs("malformed-transfers")); n != 1 {
		t.Errorf("%d malformed transfers, want 1", n)
	}
}

func TestIDsAreForgotten(t *testing.T) {
	h := weirtest.New(t, newJob)
	h.Send("transfers", transfer("t1"))
	h.Commit()
	h.Advance(remember - time.Minute)
	h.Send("transfers", transfer("t1"), transfer("t2"))
	h.Commit()
	h.Advance(2 * time.Minute) // since the first one counts, not the last
	h.Send("transfers", transfer("t1"), transfer("t2"))
	h.Commit()
	if got, want := ids(t, h.Outputs("unique-transfers")), []string{"t1", "t2", "t1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if seen := weirtest.State(h, "first-only", "seen", state.String{}, state.Int64{}); len(seen) != 2 {
		t.Errorf("the state is %v", seen)
	}
	h.Advance(remember + time.Minute)
	h.Send("transfers", transfer("t3"))
	h.Commit()
	if seen := weirtest.State(h, "first-only", "seen", state.String{}, state.Int64{}); len(seen) != 1 {
		t.Errorf("what has expired should be removed; the state is %v", seen)
	}
}

func TestDedupSurvivesCrashes(t *testing.T) {
	input := weirtest.On("transfers", transfer("t1"), transfer("t2"), transfer("t1"), transfer("t2"))
	weirtest.CrashEverywhere(t, newJob, input, weirtest.Epochs(2))
}
