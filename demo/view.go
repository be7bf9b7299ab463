package demo

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"
)

// screen shows the state of the demo: redrawn in place on a terminal, else a line a second.
type screen struct {
	out      io.Writer
	terminal bool
	width    func() int
	drawn    int // lines to go up before the next drawing
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, width: func() int { return 80 }}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		s.terminal = true
		s.width = func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 20 {
				return w
			}
			return 80
		}
	}
	return s
}

// every is how often show is to be called.
func (s *screen) every() time.Duration {
	if s.terminal {
		return 200 * time.Millisecond
	}
	return time.Second
}

func (s *screen) show(f frame) {
	if !s.terminal {
		fmt.Fprintln(s.out, f.line())
		return
	}
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	lines, width := f.lines(), s.width()-1
	for _, line := range lines {
		b.WriteString("\r\x1b[K" + cut(line, width) + "\n")
	}
	b.WriteString("\x1b[J")
	s.drawn = len(lines)
	_, _ = io.WriteString(s.out, b.String()) // the verdict says what counts
}

// say prints a line that stays.
func (s *screen) say(format string, args ...any) {
	s.drawn = 0
	fmt.Fprintf(s.out, format+"\n", args...)
}

func cut(line string, width int) string {
	if r := []rune(line); len(r) > width {
		return string(r[:width])
	}
	return line
}

// frame is one moment of the demo.
type frame struct {
	o                  Options
	now                time.Time
	elapsed            time.Duration
	sent, behind       int64 // lines
	inRate, outRate    float64
	kills, starts, pid int64
	stage              string
	seen               seen
}

func (f frame) line() string {
	return fmt.Sprintf("%4.0fs  %s  in %s lines (%s/s)  out %s counts (%s/s)  behind %s  epoch %d of worker %d  last commit %s  killed %d times  %s",
		f.elapsed.Seconds(), f.stage, thousands(f.sent), thousands(int64(f.inRate)), thousands(f.seen.outputs), thousands(int64(f.outRate)),
		thousands(f.behind), f.seen.status.Epoch, f.starts, f.commitAge(), f.kills, f.first())
}

func (f frame) first() string {
	if len(f.seen.top) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s %s", f.seen.top[0].word, thousands(f.seen.top[0].n))
}

func (f frame) commitAge() string {
	if f.seen.lastCommit.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%.1fs ago", max(0, f.now.Sub(f.seen.lastCommit).Seconds()))
}

func (f frame) lines() []string {
	length := ""
	if f.o.Duration > 0 {
		length = " of " + f.o.Duration.String()
	}
	lines := []string{
		"",
		fmt.Sprintf("  %s: %.0fs%s", f.stage, f.elapsed.Seconds(), length),
		"",
		fmt.Sprintf("  input    %9s lines/s   %12s lines, %s of them not committed yet", thousands(int64(f.inRate)), thousands(f.sent), thousands(f.behind)),
		fmt.Sprintf("  output   %9s counts/s  %12s counts committed, of %s words", thousands(int64(f.outRate)), thousands(f.seen.outputs), thousands(int64(f.seen.different))),
		fmt.Sprintf("  epoch    %9d           last commit %s", f.seen.status.Epoch, f.commitAge()),
		fmt.Sprintf("  worker   %9d           %s, process %d; killed with kill -9: %d times", f.starts, f.seen.status.Phase, f.pid, f.kills),
		"",
	}
	for _, c := range f.seen.top {
		lines = append(lines, fmt.Sprintf("  %-16s %12s  %s", cut(c.word, 16), thousands(c.n), bar(c.n, f.seen.top[0].n)))
	}
	return append(lines, "")
}

func bar(n, most int64) string { return strings.Repeat("█", int(max(1, 30*n/max(1, most)))) }

// thousands writes 12,345.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
