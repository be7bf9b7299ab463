package statetool

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/weirstream/weir/savepoint"
)

// progress shows how far a command has come, on a terminal.
type progress struct {
	t     *Tool
	begun time.Time
	shown time.Time
}

const (
	showEvery = 200 * time.Millisecond
	lookEvery = 1 << 12 // entries, between two looks at the clock
	barWidth  = 30
)

// show is for a Write.
func (p *progress) show(now savepoint.Progress) {
	if p.t.stepped != nil {
		p.t.stepped(now)
	}
	p.line(now.Phase, now.Done, now.Done, now.Total)
}

// line shows the entries so far, and a bar of done of total, if that is not 0.
func (p *progress) line(phase string, entries, done, total int64) {
	if !p.t.Terminal || time.Since(p.shown) < showEvery {
		return
	}
	p.shown = time.Now()
	rate := float64(entries) / p.shown.Sub(p.begun).Seconds()
	bar := ""
	if total > 0 {
		n := int(min(done, total) * barWidth / total)
		bar = "[" + strings.Repeat("=", n) + strings.Repeat(" ", barWidth-n) + "] "
	}
	fmt.Fprintf(p.t.Err, "\r\033[K%-9s %s%d entries, %.0f/s", phase, bar, entries, rate)
}

func (p *progress) end() {
	if !p.shown.IsZero() {
		fmt.Fprint(p.t.Err, "\r\033[K")
	}
}

// entries reads what f chooses, and shows how many that are, with a bar of the key groups they have come through.
func (t *Tool) entries(ctx context.Context, sp *savepoint.Savepoint, f savepoint.Filter) iter.Seq2[savepoint.Entry, error] {
	all := sp.Entries(ctx, f)
	if !t.Terminal {
		return all
	}
	groups := int64(sp.Header().MaxParallelism)
	if f.Key != nil || len(sp.Header().Checkpoints) > 1 {
		groups = 0 // a key is of one, and shards may come one after the other
	}
	return func(yield func(savepoint.Entry, error) bool) {
		p := &progress{t: t, begun: time.Now()}
		defer p.end()
		n := int64(0)
		for e, err := range all {
			if n++; n%lookEvery == 0 {
				p.line("read", n, int64(e.Group), groups)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// besides is the tool while rows go to where: nothing is shown between them.
func (t *Tool) besides(where io.Writer) *Tool {
	if f, ok := where.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		quiet := *t
		quiet.Terminal = false
		return &quiet
	}
	return t
}
