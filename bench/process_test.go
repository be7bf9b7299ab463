//go:build bench && linux

package bench

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a contender at work.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	addr    string // of Weir's HTTP server
	logFile string
	began   time.Time
	done    chan struct{}
	peer    *process // a second instance of the job, or nil
}

// start runs a program with exactly this environment. Whatever becomes of it, it is gone when the test ends.
func start(t testing.TB, name, path string, vars []string, args ...string) *process {
	t.Helper()
	dir := scratch
	if env("LOGS") != "" {
		dir = env("LOGS")
	}
	p := &process{t: t, logFile: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	must(t, err)
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append(vars, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.began = time.Now()
	must(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		log.Close()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill ends it with SIGKILL and returns when it is dead.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// stop ends it in good order.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		p.kill()
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("%s ended with exit code %d after SIGTERM: %s", filepath.Base(p.logFile), code, p.tail())
	}
}

// failed says how it ended if it did so by itself.
func (p *process) failed() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s: %v: %s", filepath.Base(p.logFile), p.cmd.ProcessState, p.tail())
	default:
		return nil
	}
}

func (p *process) tail() string {
	b, _ := os.ReadFile(p.logFile)
	s := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(s[max(0, len(s)-10):], "\n")
}

// get asks Weir's HTTP server.
func (p *process) get(path string) (string, error) {
	c := http.Client{Timeout: 5 * time.Second}
	r, err := c.Get("http://" + p.addr + path)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, r.Status)
	}
	return string(b), err
}

// ready waits until it processes records.
func (p *process) ready(within time.Duration) time.Time {
	p.t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		_, err := p.get("/readyz")
		if err == nil {
			return time.Now()
		}
		if gone := p.failed(); gone != nil || time.Now().After(end) {
			p.t.Fatalf("not ready: %v %v", err, gone)
		}
	}
}

// weir are the settings of a run of Weir. Everything that is not said is left at its default.
type weir struct {
	binary    binary
	name      string // of the run; also of the group
	job       string
	in, out   string
	interval  time.Duration
	guarantee string
	more      []string
	folder    string // kept over restarts
}

func (w weir) start(t testing.TB) *process {
	t.Helper()
	addr := freeAddr(t)
	if w.guarantee == "" {
		w.guarantee = "exactly-once"
	}
	vars := append([]string{
		"WEIR_INSTANCE_ID=bench", "WEIR_JOB=" + w.job, "WEIR_JOB_ID=" + w.name, "WEIR_BROKERS=" + shared.cluster.Bootstrap(),
		"WEIR_INPUT_TOPICS=" + w.in, "WEIR_OUTPUT_TOPIC=" + w.out, "WEIR_CLASSIFY_WINDOW=0",
		"WEIR_CHECKPOINT_INTERVAL=" + w.interval.String(), "WEIR_GUARANTEE=" + w.guarantee,
		"WEIR_DATA_DIR=" + w.folder, "WEIR_HTTP_ADDR=" + addr, "BENCH_PROFILE_OUT=" + profileOf(t, w.name),
	}, append(w.more, settings()...)...)
	p := start(t, w.name, w.binary.path, vars, "run")
	p.addr = addr
	return p
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
