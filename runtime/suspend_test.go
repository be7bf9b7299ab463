package runtime

import (
	"testing"
	"time"
)

// TestWatch: what a dead requester has left lets nobody stop, and sources stand still for a while only.
func TestWatch(t *testing.T) {
	start := time.Now()
	var w watch
	for i, step := range []struct {
		after       time.Duration
		content     string
		still, stop bool
		drain       string
	}{
		{0, ``, false, false, ""},
		{1 * time.Second, `{"stop":true,"renewed":7}`, true, false, ""}, // perhaps left by one that is gone
		{15 * time.Second, `{"stop":true,"renewed":7}`, true, false, ""},
		{16 * time.Second, `{"stop":true,"renewed":7}`, false, false, ""},
		{17 * time.Second, `{"renewed":8}`, true, false, ""},
		{18 * time.Second, `{"stop":true,"renewed":9}`, true, true, ""},
		{18 * time.Second, `{"drain":"d1","renewed":10}`, true, false, "d1"},
		{19 * time.Second, ``, false, false, ""},
		{20 * time.Second, `{"stop":true,"renewed":10}`, true, false, ""}, // another one's
		{20 * time.Second, `{"drain":"d2","renewed":11}`, true, false, "d2"},
		{21 * time.Second, `nonsense`, true, false, ""},
	} {
		if got := w.look([]byte(step.content), start.Add(step.after)); got != (asked{step.still, step.drain, step.stop}) {
			t.Errorf("step %d: %+v; want %+v", i, got, step)
		}
	}
}
