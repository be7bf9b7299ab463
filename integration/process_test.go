//go:build integration

package integration

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take that has no time of its own on a machine that is busy with other tests.
const patience = 60 * time.Second

// process is a running instance.
type process struct {
	t    testing.TB
	name string
	addr string // of its HTTP server
	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{} // closed when it has ended
}

// startProcess runs the binary with exactly this environment. Whatever becomes of it, it is gone when the test ends.
func startProcess(t testing.TB, name, addr string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, addr: addr, log: &logBuffer{}, done: make(chan struct{})}
	p.cmd = exec.Command(executable(t, env), args...)
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	dieWithParent(p.cmd)
	must(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		if !p.ended() {
			_ = p.cmd.Process.Kill()
			awaited(t, patience, name+" to be gone", p.done)
		}
		p.keepLog()
	})
	return p
}

func (p *process) keepLog() {
	if *flagLogs != "" {
		file := fmt.Sprintf("%s-%s-%d.log", strings.ReplaceAll(p.t.Name(), "/", "-"), p.name, p.cmd.Process.Pid)
		if err := os.WriteFile(filepath.Join(*flagLogs, file), []byte(p.log.String()), 0o600); err != nil {
			p.t.Log(err)
		}
	}
	if p.t.Failed() {
		p.t.Logf("%s (pid %d) ended with %v; the end of its log:\n%s", p.name, p.cmd.Process.Pid, p.cmd.ProcessState, p.log.tail(40))
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// kill ends the instance with SIGKILL and returns when it is dead.
func (p *process) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	awaited(p.t, patience, p.name+" to die", p.done)
}

func (p *process) freeze() { p.t.Helper(); p.signal(syscall.SIGSTOP) }
func (p *process) thaw()   { p.t.Helper(); p.signal(syscall.SIGCONT) }

// frozen waits until a fail point has frozen the instance.
func (p *process) frozen() {
	p.t.Helper()
	eventually(p.t, patience, p.name+" to be frozen", func() error {
		if p.ended() {
			p.t.Fatalf("%s ended with %v instead of freezing\n%s", p.name, p.cmd.ProcessState, p.log.tail(20))
		}
		state, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(p.cmd.Process.Pid)).Output()
		if err == nil && !bytes.HasPrefix(bytes.TrimSpace(state), []byte("T")) {
			err = fmt.Errorf("its state is %q", state)
		}
		return err
	})
}

// stop asks for an orderly end and insists on it: exit code 0 within 10 s. Before its first line the process may not have come as far as to hear
// signals, and would die of one like any other program.
func (p *process) stop() {
	p.t.Helper()
	p.says(patience, "msg=starting")
	begin := time.Now()
	p.signal(syscall.SIGTERM)
	code := p.exit(20 * time.Second)
	if took := time.Since(begin); code != 0 || took > 10*time.Second {
		p.t.Fatalf("%s: SIGTERM: exit code %d after %v, want 0 within 10s\n%s", p.name, code, took.Round(time.Millisecond), p.log.tail(20))
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// exit waits for the end of the instance and returns its exit code, -1 after a signal.
func (p *process) exit(within time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		p.t.Fatalf("%s has not ended within %v", p.name, within)
		return 0
	}
}

// killed waits until the instance has died of SIGKILL, by a fail point.
func (p *process) killed(within time.Duration) {
	p.t.Helper()
	code := p.exit(within)
	if ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
		p.t.Fatalf("%s ended with exit code %d (%v), not of SIGKILL", p.name, code, p.cmd.ProcessState)
	}
}

// ready waits until the instance processes records.
func (p *process) ready() {
	p.t.Helper()
	eventually(p.t, patience, p.name+" to be ready", func() error {
		if p.ended() {
			p.t.Fatalf("%s ended with %v instead of becoming ready\n%s", p.name, p.cmd.ProcessState, p.log.tail(20))
		}
		_, err := p.get("/readyz")
		return err
	})
}

func (p *process) get(path string) (string, error) {
	client := http.Client{Timeout: 2 * time.Second}
	r, err := client.Get("http://" + p.addr + path)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, r.Status, bytes.TrimSpace(b))
	}
	return string(b), err
}

// metric sums up a metric over the series that have all of these labels, each as name="value".
func (p *process) metric(name string, labels ...string) float64 {
	p.t.Helper()
	text, err := p.get("/metrics")
	must(p.t, err)
	sum, err := sumOf(text, name, labels)
	must(p.t, err)
	return sum
}

func sumOf(text, name string, labels []string) (sum float64, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' || !hasAll(rest, labels) {
			continue
		}
		v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %q: %w", line, err)
		}
		sum += v
	}
	return sum, lines.Err()
}

func hasAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// atLeast says whether a metric is not yet that high.
func (p *process) atLeast(name string, want float64) error {
	p.t.Helper()
	if p.ended() {
		p.t.Fatalf("%s ended with %v\n%s", p.name, p.cmd.ProcessState, p.log.tail(20))
	}
	if v := p.metric(name); v < want {
		return fmt.Errorf("%s is %v", name, v)
	}
	return nil
}

// commits waits until the instance has committed n more epochs.
func (p *process) commits(n float64) {
	p.t.Helper()
	from := p.metric("weir_commits_total")
	eventually(p.t, patience, fmt.Sprintf("%v commits of %s", n, p.name), func() error {
		if now := p.metric("weir_commits_total"); now < from+n {
			return fmt.Errorf("%v so far", now-from)
		}
		return nil
	})
}

// says waits until the log contains all of these.
func (p *process) says(within time.Duration, texts ...string) {
	p.t.Helper()
	eventually(p.t, within, fmt.Sprintf("%s to say %q", p.name, texts), func() error {
		if s := p.log.String(); !hasAll(s, texts) {
			return errors.New(p.log.tail(20))
		}
		return nil
	})
}

// logBuffer holds what an instance wrote.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) tail(lines int) string {
	s := strings.Split(strings.TrimRight(l.String(), "\n"), "\n")
	return strings.Join(s[max(0, len(s)-lines):], "\n")
}
