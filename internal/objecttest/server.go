package objecttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a server may take to come up on a machine that is busy.
const patience = 3 * time.Minute

// Server is a running server.
type Server struct {
	t       testing.TB
	port    int
	command []string
	url     func(prefix string) string
	ready   func() bool
	signal  string // that ends it

	in   io.Closer // its end ends the server
	done chan struct{}
	out  *output
}

// URL is that of a store under a prefix (a folder), with all that is needed to use it.
func (s *Server) URL(prefix string) string { return s.url(prefix) }

// Addr is where it listens.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// leash runs a command until standard input ends, and kills it then: also when the test process dies. Its name is the signal.
const leash = `"$@" </dev/null & pid=$!; read -r _; kill -$0 $pid; wait $pid 2>/dev/null`

// Restart starts the server, where it was.
func (s *Server) Restart() {
	s.t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", leash, s.signal}, s.command...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.in, s.done = in, make(chan struct{})
	go func(done chan struct{}) {
		_ = cmd.Wait() // it is killed
		close(done)
	}(s.done)
	for began := time.Now(); !s.ready(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			s.t.Fatalf("%s is not up after %v; it says:\n%s", s.command[0], patience, s.out)
		}
	}
}

// Kill ends the server; all but the Azure double without warning.
func (s *Server) Kill() {
	if s.in == nil {
		return
	}
	_ = s.in.Close() // it is a pipe
	<-s.done
	s.in = nil
}

// start starts a server that listens on port.
func start(t testing.TB, port int, url func(prefix string) string, ready func() bool, command ...string) *Server {
	t.Helper()
	s := &Server{t: t, port: port, command: command, url: url, ready: ready, signal: "KILL", out: &output{}}
	if filepath.Base(command[0]) == "node" {
		s.signal = "TERM" // the Azure double forgets what it was told in the last seconds
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(command[0]), s.out)
		}
	})
	s.Restart()
	return s
}

// listens says whether somebody accepts connections.
func listens(port int) func() bool {
	return func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err == nil && c.Close() == nil
	}
}

// made is the path of what scripts/store-servers.sh makes.
func made(t testing.TB, pattern string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "..", "..", ".bin", pattern)) // the pattern is ours
	if len(found) == 0 {
		t.Fatalf("no .bin/%s: run scripts/store-servers.sh (make integration does)", pattern)
	}
	return found[len(found)-1]
}

func freePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		p := 20000 + rand.IntN(12000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p)); err == nil {
			_ = l.Close()
			return p
		}
	}
	t.Fatal("no free port between 20000 and 32000")
	return 0
}

// secret is a file, as a mounted secret is.
func secret(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// output keeps the end of what a server says.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.buf.String()
	return strings.TrimSpace(s[max(0, len(s)-4000):])
}
