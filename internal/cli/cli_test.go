package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// try runs a command line in this process.
func try(t *testing.T, p Program, env []string, args ...string) (code int, out, errors string) {
	t.Helper()
	var o, e bytes.Buffer
	a := &app{program: p, name: "processor", env: env, out: &o, err: &e, exit: func(code int) { t.Errorf("exit %d", code) }}
	code = a.run(t.Context(), args)
	return code, o.String(), e.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (go test ./internal/cli -update rewrites it); got:\n%s", file, got)
	}
}

func TestHelp(t *testing.T) {
	code, out, _ := try(t, Program{}, nil, "help")
	if code != ExitOK {
		t.Errorf("exit %d", code)
	}
	golden(t, "testdata/help.golden", out)
	for _, args := range [][]string{{"--help"}, {"-h"}, {"run", "--help"}, {"config", "-h"}} {
		if code, again, _ := try(t, Program{}, nil, args...); code != ExitOK || again != out {
			t.Errorf("%v: exit %d and another text", args, code)
		}
	}
	code, out, _ = try(t, Program{}, nil, "demo", "-h")
	if code != ExitOK {
		t.Errorf("demo -h: exit %d", code)
	}
	golden(t, "testdata/help-demo.golden", out)
	if _, again, _ := try(t, Program{}, nil, "help", "demo"); again != out {
		t.Error("help demo differs from demo -h")
	}
}

func TestConfigShowsValuesAndProblems(t *testing.T) {
	dir := t.TempDir()
	env := []string{"WEIR_JOB=copy", "WEIR_DATA_DIR=" + dir, "WEIR_INSTANCE_ID=pod-0", "WEIR_PARALLELISM=2", "WEIR_KAFKA_SASL_PASSWORD=hidden"}
	code, out, _ := try(t, Program{}, env, "config", "--checkpoint-interval=50ms")
	if code != ExitOK {
		t.Errorf("exit %d", code)
	}
	golden(t, "testdata/config.golden", strings.ReplaceAll(out, dir, "/data"))

	code, out, problems := try(t, Program{}, append(env, "WEIR_GUARANTEE=often", "WEIR_PARALELISM=1"), "config")
	if code != ExitSettings || !strings.Contains(out, "WEIR_JOB_ID=copy  # default") {
		t.Errorf("exit %d, output:\n%s", code, out)
	}
	want := `processor: WEIR_GUARANTEE="often": expected exactly-once or at-least-once
processor: WEIR_PARALELISM: unknown setting; did you mean WEIR_PARALLELISM?
`
	if problems != want {
		t.Errorf("problems:\n%swant:\n%s", problems, want)
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := try(t, Program{Version: "v1.2.3"}, nil, "version")
	if code != ExitOK || !strings.HasPrefix(out, "processor v1.2.3 ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "no command; expected one of: run, demo, graph, savepoint, state, config, version, help"},
		{[]string{"rum"}, `unknown command "rum"; expected one of: run, demo`},
		{[]string{"run", "--nonsense"}, "--nonsense: unknown flag"},
		{[]string{"run"}, "WEIR_JOB: not set; expected one of: classify, copy, wordcount"},
		{[]string{"demo", "--rate=x"}, `invalid value "x" for flag -rate`},
		{[]string{"demo", "text.txt"}, `"text.txt" is not a flag; text is named with --input`},
	} {
		env := []string{"WEIR_DATA_DIR=" + t.TempDir()}
		if code, _, errs := try(t, Program{}, env, tc.args...); code != ExitSettings || !strings.Contains(errs, tc.want) {
			t.Errorf("%v: exit %d, %q, want %q", tc.args, code, errs, tc.want)
		}
	}
}

func TestOwnJobs(t *testing.T) {
	env := []string{"WEIR_DATA_DIR=" + t.TempDir()}
	one := Program{Jobs: []*stream.Job{stream.NewJob("mine")}}
	if code, out, _ := try(t, one, env, "config"); code != ExitOK || !strings.Contains(out, "WEIR_JOB=mine  # default") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	two := Program{Jobs: []*stream.Job{stream.NewJob("mine"), stream.NewJob("yours")}}
	if code, _, errs := try(t, two, env, "config"); code != ExitSettings || !strings.Contains(errs, "expected one of: mine, yours") {
		t.Errorf("exit %d: %s", code, errs)
	}
	// A job that makes no sense is found before anything is consumed.
	if code, _, errs := try(t, one, append(env, "WEIR_HTTP_ADDR=off"), "run"); code != ExitSettings || !strings.Contains(errs, `job \"mine\"`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("broker gone"), 1},
		{fmt.Errorf("topic: %w", runtime.ErrConfig), 2},
		{fmt.Errorf("group: %w", runtime.ErrOccupied), 3},
		{fmt.Errorf("producer: %w", runtime.ErrRival), 3},
		{errors.Join(fmt.Errorf("manifest: %w", runtime.ErrState), errors.New("and more")), 4},
	} {
		if got := exitCode(tc.err); got != tc.want {
			t.Errorf("%v: exit %d, want %d", tc.err, got, tc.want)
		}
	}
	if secondSignal(syscall.SIGINT) != 130 || secondSignal(syscall.SIGTERM) != 143 {
		t.Error("a second signal ends as a shell would report it")
	}
}

func TestFirstSignalStopsSecondKills(t *testing.T) {
	ignored := make(chan os.Signal, 4) // so that the signals can do no other harm
	signal.Notify(ignored, syscall.SIGTERM)
	defer signal.Stop(ignored)
	stopped, exited := make(chan struct{}), make(chan int, 1)
	stop := onSignal(func() { close(stopped) }, func(code int) { exited <- code })
	defer stop()
	for _, seen := range []func(){func() { <-stopped }, func() {
		if code := <-exited; code != 143 {
			t.Errorf("exit %d, want 143", code)
		}
	}} {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		seen()
	}
}

func TestDeadlineEndsAHangingStop(t *testing.T) {
	exited := make(chan int, 1)
	a := &app{exit: func(code int) { exited <- code }}
	ctx, cancel := context.WithCancel(context.Background())
	c := &config.Config{ShutdownTimeout: 10*time.Millisecond - margin}
	stop := a.enforceDeadline(ctx, c, slog.New(slog.DiscardHandler))
	defer stop()
	cancel()
	select {
	case code := <-exited:
		if code != ExitFailure {
			t.Errorf("exit %d, want %d", code, ExitFailure)
		}
	case <-time.After(5 * time.Second):
		t.Error("still hanging")
	}
}

func TestDeadlineSparesAnOrderlyStop(t *testing.T) {
	a := &app{exit: func(code int) { t.Errorf("exit %d", code) }}
	ctx, cancel := context.WithCancel(context.Background())
	stop := a.enforceDeadline(ctx, &config.Config{ShutdownTimeout: 20*time.Millisecond - margin}, slog.New(slog.DiscardHandler))
	cancel()
	stop()
	time.Sleep(50 * time.Millisecond)
}
