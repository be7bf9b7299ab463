package statetool

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

type pair = stream.KV[string, string]

// windowed keeps the first record in tumbling windows and in sessions, of either time. A record is its key, and its time in seconds. No window ends for a minute.
func windowed() *stream.Job {
	job := stream.NewJob("windowed")
	at := func(v pair) int64 { s, _ := strconv.ParseInt(v.Value, 10, 64); return 1000 * s }
	in := stream.From(job, stream.Topics("in"), stream.Pairs(state.String{}, state.String{}), stream.UID("in"), stream.TimestampOf(at), stream.Watermarks(time.Minute))
	keyed := stream.KeyBy(in, func(v pair) string { return v.Key }, stream.UID("by_key"))
	all := map[string]stream.Windows{
		"windows":          stream.Tumbling(100 * time.Second),
		"windows_late":     stream.Tumbling(100 * time.Second).AllowLateness(30 * time.Second),
		"sessions":         stream.Session(20 * time.Second),
		"sessions_late":    stream.Session(20 * time.Second).AllowLateness(30 * time.Second),
		"windows_machine":  stream.Tumbling(100 * time.Second).ProcessingTime(),
		"sessions_machine": stream.Session(20 * time.Second).ProcessingTime(),
	}
	for _, uid := range slices.Sorted(maps.Keys(all)) {
		panes := stream.WindowReduce(keyed, all[uid], state.JSON[pair]{}, func(first, _ pair) pair { return first }, stream.UID(uid))
		lines := stream.Map(panes, func(p stream.Pane[string, pair]) string {
			return fmt.Sprint(uid, " ", p.Key, " ", p.Window, " ", p.Value)
		}, stream.UID(uid+"_line"))
		stream.To(lines, "out", stream.AsValue(state.String{}), stream.UID(uid+"_out"))
	}
	return job
}

// --window-timers sets the very timers that the job has: windows and sessions that are made of rows are those that the job made, and emit as they do.
func TestWindowTimers(t *testing.T) {
	dir := "file://" + t.TempDir()
	h := weirtest.New(t, windowed)
	h.Send("in", weirtest.Pair("a", "110"), weirtest.Pair("b", "115"), weirtest.Pair("a", "150"), weirtest.Pair("a", "155"))
	h.Commit()
	h.Savepoint(dir + "/taken")
	from := dir + "/taken"
	for uid, flags := range map[string][]string{
		"windows":          {"--window-timers", "event"},
		"windows_late":     {"--window-timers", "event", "--lateness", "30s"},
		"sessions":         {"--window-timers", "event"},
		"sessions_late":    {"--window-timers", "event", "--lateness", "30s"},
		"windows_machine":  {"--window-timers", "processing"},
		"sessions_machine": {"--window-timers", "processing"},
	} {
		rows := file(t, "rows.json", must(t, "scan", from, "--uid", uid, "--name", "windows"))
		must(t, append([]string{"bootstrap", rows, "--from", from, "--to", dir + "/" + uid, "--uid", uid, "--name", "windows"}, flags...)...)
		from = dir + "/" + uid
	}
	if got := must(t, "count", from, "--name", "timers"); strings.Count(got, "\n") != 7 {
		t.Errorf("got %s, want timers of six operators", got)
	}
	if got := must(t, "diff", dir+"/taken", from); got != "" {
		t.Errorf("what is made of rows is not what the job made:\n%s", got)
	}
}

// Sessions that are to get timers are made by people. The operator looks for a record's session by its time: sessions that are out of order would be overlooked, and such that touch are one.
func TestSessionsOutOfOrder(t *testing.T) {
	dir := "file://" + t.TempDir()
	for sessions, ok := range map[string]bool{
		`[{"start":1000,"end":2000,"value":1},{"start":2001,"end":3000,"value":2}]`: true,
		`[{"start":1000,"end":2000,"value":1},{"start":2000,"end":3000,"value":2}]`: false,
		`[{"start":2001,"end":3000,"value":2},{"start":1000,"end":2000,"value":1}]`: false,
		`[{"start":1000,"end":1000,"value":1}]`:                                     false,
	} {
		code, _, errs := try("bootstrap", file(t, "in.json", `{"key":"a","value":`+sessions+`}`), "--to", dir+"/sp", "--uid", "visits", "--name", "windows",
			"--kind", "value", "--value-codec", "sessions:int64-be", "--window-timers", "event")
		if ok != (code == 0) || !ok && !strings.Contains(errs, "expected those of a key by their time") {
			t.Errorf("%s: exit code %d, %s", sessions, code, errs)
		}
		dir += "x"
	}
}
