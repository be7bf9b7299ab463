package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// load loads with a writable data folder and the built-in jobs.
func load(t *testing.T, args []string, env ...string) (*Config, error) {
	t.Helper()
	env = append([]string{"WEIR_JOB=wordcount", "WEIR_DATA_DIR=" + t.TempDir()}, env...)
	return Load(Input{Args: args, Env: env, Jobs: []string{"wordcount", "classify", "copy"}, Hostname: host("pod-0")})
}

func host(name string) func() (string, error) { return func() (string, error) { return name, nil } }

func TestDefaults(t *testing.T) {
	dir := t.TempDir()
	c, err := load(t, nil, "WEIR_DATA_DIR="+dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.JobID != "wordcount" || c.InstanceID != "pod-0" || c.Brokers != "localhost:9092" || !c.ExactlyOnce() {
		t.Errorf("job %q, instance %q, brokers %q, guarantee %q", c.JobID, c.InstanceID, c.Brokers, c.Guarantee)
	}
	if c.CheckpointInterval != time.Second || c.TransactionTimeout != 10*time.Second || c.ShutdownTimeout != 8*time.Second {
		t.Errorf("interval %v, transaction %v, shutdown %v", c.CheckpointInterval, c.TransactionTimeout, c.ShutdownTimeout)
	}
	if c.StateDir != filepath.Join(dir, "state", "wordcount") || c.CheckpointStore != "file://"+dir+"/checkpoints" {
		t.Errorf("state %q, checkpoints %q", c.StateDir, c.CheckpointStore)
	}
	if c.Parallelism < 1 || c.MaxParallelism != 128 || c.OverlayLimit != 32<<20 {
		t.Errorf("parallelism %d of %d, overlay %d", c.Parallelism, c.MaxParallelism, c.OverlayLimit)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("Load left %v behind", left)
	}
}

func TestTransactionTimeoutFollowsTheInterval(t *testing.T) {
	c, err := load(t, nil, "WEIR_CHECKPOINT_INTERVAL=30s")
	if err != nil || c.TransactionTimeout != 150*time.Second {
		t.Errorf("%v, %v; want 5 intervals", c.TransactionTimeout, err)
	}
}

func TestFlagWinsOverVariableOverDefault(t *testing.T) {
	env := []string{"WEIR_PARALLELISM=3", "WEIR_OVERLAY_LIMIT=16MiB", "WEIR_LOG_LEVEL="}
	c, err := load(t, []string{"--parallelism", "5", "-max-parallelism=64"}, env...)
	if err != nil {
		t.Fatal(err)
	}
	if c.Parallelism != 5 || c.MaxParallelism != 64 || c.OverlayLimit != 16<<20 || c.LogLevel != "info" {
		t.Errorf("parallelism %d of %d, overlay %d, level %q", c.Parallelism, c.MaxParallelism, c.OverlayLimit, c.LogLevel)
	}
	want := map[string]Origin{"WEIR_PARALLELISM": FromFlag, "WEIR_OVERLAY_LIMIT": FromEnv, "WEIR_LOG_LEVEL": FromDefault}
	for _, s := range c.Settings() {
		if o, ok := want[s.Name]; ok && o != s.Origin {
			t.Errorf("%s is from %s, want %s", s.Name, s.Origin, o)
		}
	}
}

func TestTheOnlyJobNeedNotBeNamed(t *testing.T) {
	c, err := Load(Input{Env: []string{"WEIR_DATA_DIR=" + t.TempDir()}, Jobs: []string{"mine"}, Custom: true, Hostname: host("h")})
	if err != nil || c.Job != "mine" || c.JobID != "mine" {
		t.Errorf("job %q, id %q, %v", c.Job, c.JobID, err)
	}
}

func TestDataDirFallsBackToTheUsersStateFolder(t *testing.T) {
	if writable("/var/lib/weir") == nil {
		t.Skip("/var/lib/weir can be written here, so it is the default")
	}
	xdg := t.TempDir()
	c, err := Load(Input{Env: []string{"XDG_STATE_HOME=" + xdg, "WEIR_JOB=copy"}, Jobs: []string{"copy"}, Hostname: host("h")})
	if err != nil || c.DataDir != filepath.Join(xdg, "weir") {
		t.Errorf("data dir %q, %v", c.DataDir, err)
	}
}

func TestKubernetesServiceVariablesAreNoSettings(t *testing.T) {
	_, err := load(t, nil,
		"WEIR_SERVICE_HOST=10.0.0.1", "WEIR_SERVICE_PORT=8080", "WEIR_SERVICE_PORT_HTTP=8080", "WEIR_PORT=tcp://10.0.0.1:8080",
		"WEIR_PORT_8080_TCP=tcp://10.0.0.1:8080", "WEIR_PORT_8080_TCP_PROTO=tcp", "WEIR_PORT_8080_TCP_PORT=8080", "WEIR_PORT_8080_TCP_ADDR=10.0.0.1",
		"WEIR_KAFKA_SERVICE_HOST=10.0.0.2", "WEIR_KAFKA_SERVICE_PORT=9092", "WEIR_KAFKA_PORT=tcp://10.0.0.2:9092",
		"WEIR_KAFKA_PORT_9092_TCP_ADDR=10.0.0.2", "WEIR_WORD_COUNT_SERVICE_HOST=10.0.0.3", "WEIR_WORD_COUNT_SERVICE_PORT=80")
	if err != nil {
		t.Error(err)
	}
	for _, stray := range []string{"WEIR_PORT=8080", "WEIR_HTTP_PORT=8080", "WEIR_SERVICE_HOST=h"} {
		if _, err := load(t, nil, stray); err == nil {
			t.Errorf("%s without the rest of a service's variables is accepted", stray)
		}
	}
}

func TestAllProblemsAreShownAtOnce(t *testing.T) {
	_, err := load(t, []string{"--nonsense=1"}, "WEIR_GUARANTEE=maybe", "WEIR_BROKERS=nowhere", "WEIR_KAFKA_NO_SUCH=1", "WEIR_INTERVAL=1s")
	var all Errors
	if !errors.As(err, &all) || len(all) != 5 {
		t.Fatalf("%d problems, want 5: %v", len(all), err)
	}
	if n := strings.Count(err.Error(), "\n"); n != 4 {
		t.Errorf("%d lines, want one for each problem:\n%v", n+1, err)
	}
	var one *Error
	if !errors.As(err, &one) || one.Setting != "--nonsense" {
		t.Errorf("errors.As finds %+v", one)
	}
}
