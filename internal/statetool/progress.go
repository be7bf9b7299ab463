package statetool

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirstream/weir/savepoint"
)

// progress shows how far a Write has come, on a terminal.
type progress struct {
	t     *Tool
	begun time.Time
	shown time.Time
}

const (
	showEvery = 200 * time.Millisecond
	barWidth  = 30
)

func (p *progress) show(now savepoint.Progress) {
	if p.t.stepped != nil {
		p.t.stepped(now)
	}
	if !p.t.Terminal || time.Since(p.shown) < showEvery {
		return
	}
	p.shown = time.Now()
	rate := float64(now.Done) / p.shown.Sub(p.begun).Seconds()
	bar := ""
	if now.Total > 0 {
		n := int(min(now.Done, now.Total) * barWidth / now.Total)
		bar = "[" + strings.Repeat("=", n) + strings.Repeat(" ", barWidth-n) + "] "
	}
	fmt.Fprintf(p.t.Err, "\r\033[K%-9s %s%d entries, %.0f/s", now.Phase, bar, now.Done, rate)
}

func (p *progress) end() {
	if !p.shown.IsZero() {
		fmt.Fprint(p.t.Err, "\r\033[K")
	}
}
