package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// bar shows progress on a terminal, and nothing elsewhere.
type bar struct {
	out   io.Writer // nil: not a terminal
	what  string
	mu    sync.Mutex
	shown time.Time
	wide  int // of what is on the line
}

func (a *app) bar(what string) *bar {
	b := &bar{what: what}
	if a.terminal {
		b.out = a.err
	}
	return b
}

// set shows how far it is; total 0: nobody knows.
func (b *bar) set(done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out == nil || time.Since(b.shown) < 100*time.Millisecond && done < total {
		return
	}
	b.shown = time.Now()
	b.line(barLine(b.what, done, total))
}

// barLine is the line of a bar.
func barLine(what string, done, total int64) string {
	if total <= 0 {
		return what + " …"
	}
	const width = 30
	full := int(min(done, total) * width / total)
	return fmt.Sprintf("%s [%s%s] %3d %%", what, strings.Repeat("#", full), strings.Repeat(".", width-full), min(done, total)*100/total)
}

// line replaces what is on the line.
func (b *bar) line(text string) {
	fmt.Fprintf(b.out, "\r%s%s", text, strings.Repeat(" ", max(b.wide-len(text), 0)))
	b.wide = len(text)
}

// end clears the line.
func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out != nil && b.wide > 0 {
		b.line("")
		fmt.Fprint(b.out, "\r")
	}
}
