//go:build bench && linux

package bench

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const recoveryRate = 5000

// afterKill is how long the markers of a commit under way at the kill may take: what is seen later is the successor's.
const afterKill = 500 * time.Millisecond

// TestBenchRecovery kills classify with a million keys of state and starts it again, with its local state and without.
func TestBenchRecovery(t *testing.T) {
	if !wanted("recovery") {
		t.Skip("not in BENCH_ONLY")
	}
	a := broker(t)
	keys := number(t, "KEYS", 1_000_000)
	in := &input{topic: "recovery-in", records: 2 * keys, source: func() generator { return newEvents(keys, true) }}
	must(t, in.fill(a))
	must(t, a.create("recovery-out", nil))
	defer func() { a.drop(in.topic, "recovery"); a.drop("recovery-out", "") }()
	b := processors(t)[0]
	folder := filepath.Join(scratch, "recovery")
	w := weir{binary: b, name: "recovery", job: "classify", in: in.topic, out: "recovery-out", interval: time.Second,
		folder: folder, more: []string{"WEIR_LOG_LEVEL=debug"}}
	p := w.start(t)
	_, err := watch(p, in, func() (int64, error) { return a.committed("recovery", in.topic) })
	must(t, err)
	var last atomic.Int64 // when an output arrived
	tail(t, a, "recovery-out", kgo.NewOffset().AtEnd(), func(now time.Time, _ *kgo.Record) { last.Store(now.UnixNano()) })
	startPace(t, a, in.topic, newEvents(keys, false), recoveryRate, time.Millisecond, time.Now())
	time.Sleep(8 * time.Second) // so that decided epochs are applied and a base snapshot may be taken

	var s strings.Builder
	s.WriteString("| restart | ready after s | first new committed output after s | state MiB in the store | by the log |\n|---|---|---|---|---|\n")
	for _, wipe := range []bool{false, true} {
		for range number(t, "ROUNDS", 3) {
			p.kill()
			time.Sleep(afterKill)
			kind := "local state kept"
			if wipe {
				kind = "local state deleted"
				must(t, os.RemoveAll(filepath.Join(folder, "state")))
			}
			size := folderMiB(filepath.Join(folder, "checkpoints"))
			p = w.start(t)
			ready := p.ready(2 * time.Minute)
			for last.Load() < p.began.UnixNano() {
				must(t, p.failed())
				if time.Since(p.began) > 2*time.Minute {
					t.Fatalf("no output since the restart: %s", p.tail())
				}
				time.Sleep(5 * time.Millisecond)
			}
			first := time.Unix(0, last.Load())
			fmt.Fprintf(&s, "| %s | %.2f | %.2f | %.0f | %s |\n", kind, ready.Sub(p.began).Seconds(), first.Sub(p.began).Seconds(), size, steps(t, p))
			time.Sleep(4 * time.Second)
		}
	}
	p.stop()
	t.Logf("%d keys\n%s", keys, s.String())
	publish(t, "recovery", s.String())
}

// steps tells from the log how long each step of a start took, up to the first commit.
func steps(t testing.TB, p *process) string {
	t.Helper()
	var s []string
	at := p.began
	step := func(what string, to time.Time) {
		s = append(s, fmt.Sprintf("%s %.2f", what, to.Sub(at).Seconds()))
		at = to
	}
	for _, l := range readLog(t, p, p.began) {
		switch l.Msg {
		case "starting":
			step("process", l.Time)
		case "restoring state":
			what, pieces, _ := strings.Cut(l.Plan, "\n")
			step(fmt.Sprintf("plan (%s %d pieces)", strings.TrimSpace(what), strings.Count(pieces, "\n")+1), l.Time)
		case "effect":
			on := l.On.on()
			switch on {
			case "Assigned", "Fenced", "DecisionRead", "Restored", "Began":
				step(strings.ToLower(on), l.Time)
			case "Committed":
				step("first commit", l.Time)
				return strings.Join(s, ", ")
			}
		}
	}
	return strings.Join(s, ", ")
}

func folderMiB(dir string) float64 {
	sum := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil // files come and go
	})
	return float64(sum) / (1 << 20)
}
