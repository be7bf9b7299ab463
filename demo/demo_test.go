package demo_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/demo"
	"github.com/weirstream/weir/internal/cli"
)

// The worker of these demos is the test binary itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "demo-worker" {
		os.Exit(cli.Main(cli.Program{}))
	}
	goleak.VerifyTestMain(m)
}

// output is a buffer that can be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func run(t *testing.T, ctx context.Context, args ...string) (demo.Verdict, demo.Options, string) {
	t.Helper()
	out := &output{}
	o, err := demo.Parse(args, out)
	if err != nil {
		t.Fatal(err)
	}
	o.Worker, o.Env = []string{os.Args[0], "demo-worker"}, append(os.Environ(), "WEIR_JOB=not for the worker")
	v, err := demo.Run(ctx, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return v, o, out.String()
}

func TestExactThroughKills(t *testing.T) {
	keep := filepath.Join(t.TempDir(), "kept")
	v, o, out := run(t, t.Context(), "--duration=2s", "--crash-every=500ms", "--interval=20ms", "--keep="+keep)
	if !v.Holds(o.Guarantee) || v.Lines == 0 || v.Words != v.Outputs {
		t.Errorf("%+v\n%s", v, out)
	}
	if !strings.Contains(out, "EXACT") || strings.Contains(out, " 0 were killed") {
		t.Error(out)
	}
	for _, name := range []string{"worker.log", "broker", "worker/state"} {
		if _, err := os.Stat(filepath.Join(keep, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestInputIsReadOnceToItsEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("To be, or not to be\n\nthat is THE question"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, _, out := run(t, t.Context(), "--duration=0", "--input="+file, "--rate=0")
	if v.Lines != 2 || v.Words != 10 || v.Different != 8 || v.Outputs != 10 || v.Faults+v.Repeated != 0 {
		t.Errorf("%+v\n%s", v, out)
	}
}

func TestInterruptGoesOnToTheVerdict(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	v, o, out := run(t, ctx, "--duration=0", "--crash-every=0", "--guarantee=at-least-once")
	if !v.Holds(o.Guarantee) || v.Lines == 0 {
		t.Errorf("%+v\n%s", v, out)
	}
}

func TestWorkerThatCannotRun(t *testing.T) {
	o, err := demo.Parse([]string{"--duration=10s"}, &output{})
	if err != nil {
		t.Fatal(err)
	}
	o.Worker, o.Env = []string{os.Args[0], "demo-worker", "--no-such-flag=1"}, os.Environ()
	begin := time.Now()
	_, err = demo.Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "the worker failed: exit status 2; its last log lines:") || !strings.Contains(err.Error(), "--no-such-flag") {
		t.Error(err)
	}
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("took %s", took)
	}
}
