//go:build bench && linux

package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/twophase"
)

// logLine is a line of Weir's log at level debug, in which each effect of the protocol says what brought it about.
type logLine struct {
	Time  time.Time `json:"time"`
	Msg   string    `json:"msg"`
	Op    word      `json:"op"`
	On    word      `json:"on"`
	Epoch uint64    `json:"epoch"`
	Plan  string    `json:"plan"`
	Pause int64     `json:"pause"` // ns
}

// word is a constant of package twophase, by name or by number.
type word struct {
	number int
	name   string
}

func (w *word) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &w.number) == nil {
		return nil
	}
	return json.Unmarshal(b, &w.name)
}

func (w word) op() string {
	if w.name != "" {
		return w.name
	}
	return twophase.Op(w.number).String()
}

func (w word) on() string {
	if w.name != "" {
		return w.name
	}
	return twophase.EventKind(w.number).String()
}

// readLog returns the lines since some time.
func readLog(t testing.TB, p *process, since time.Time) (all []logLine) {
	t.Helper()
	b, err := os.ReadFile(p.logFile)
	must(t, err)
	for line := range bytes.Lines(b) {
		var l logLine
		if json.Unmarshal(line, &l) == nil && !l.Time.Before(since) {
			all = append(all, l)
		}
	}
	return all
}

// pauses are for how long each barrier held up the task that it held up most, in ms and sorted.
func pauses(lines []logLine) (ms []float64) {
	for _, l := range lines {
		if l.Msg == "aligned" {
			ms = append(ms, float64(l.Pause)/1e6)
		}
	}
	slices.Sort(ms)
	return ms
}

// commits are the times from barrier to decision in ms, sorted.
func commits(lines []logLine) (ms []float64) {
	began := map[uint64]time.Time{}
	for _, l := range lines {
		switch {
		case l.Msg != "effect":
		case l.Op.op() == "InjectBarrier":
			began[l.Epoch] = l.Time
		case l.Op.op() == "Publish" && l.On.on() == "Committed":
			if at, ok := began[l.Epoch]; ok {
				ms = append(ms, l.Time.Sub(at).Seconds()*1000)
			}
			delete(began, l.Epoch)
		}
	}
	slices.Sort(ms)
	return ms
}
