//go:build integration

package integration

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/weirstream/weir/internal/kafkatest"
)

var (
	flagRace = flag.Bool("weir.race", false, "build the processor with the race detector")
	flagSeed = flag.Uint64("weir.seed", 0, "seed of random choices; 0: a new one for each test")
	flagLogs = flag.String("weir.logs", "", "folder that keeps the logs of all instances")
	flagLong = flag.Bool("weir.long", false, "give the tests that last as long as one likes several minutes, and a state of a gigabyte")
)

// scratch is removed at the end of the run.
var scratch string

func TestMain(m *testing.M) {
	if name := os.Getenv(programVariable); name != "" {
		runProgram(name)
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "weir-integration-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	// Most tests wait for something to expire most of the time.
	if !flagGiven("test.parallel") {
		_ = flag.Set("test.parallel", "4")
	}
	code := m.Run()
	if err := errors.Join(shared.stop(), sharedSink.stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

func flagGiven(name string) (given bool) {
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// brokerSettings let sessions and transactions expire soon, and records with timestamps of long ago stay.
var brokerSettings = map[string]string{
	"KAFKA_LOG_RETENTION_MS":                                            "-1",
	"KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS":                                "1000",
	"KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS": "500",
	"KAFKA_TRANSACTION_REMOVE_EXPIRED_TRANSACTION_CLEANUP_INTERVAL_MS":  "3600000",
	"KAFKA_HEAP_OPTS": "-Xmx512m",
}

// common is a broker that tests share and no test injures. It checks permissions, and allows what no rule mentions.
type common struct {
	once    sync.Once
	cluster *kafkatest.Cluster
	err     error
}

// shared is for sources and sinks; sharedSink for sinks that are elsewhere.
var shared, sharedSink common

func sharedCluster(t testing.TB) *kafkatest.Cluster { t.Helper(); return shared.start(t) }

func sinkCluster(t testing.TB) *kafkatest.Cluster { t.Helper(); return sharedSink.start(t) }

func (c *common) start(t testing.TB) *kafkatest.Cluster {
	t.Helper()
	c.once.Do(func() {
		c.cluster, c.err = kafkatest.Start(context.Background(), kafkatest.Options{ACLs: true, Env: brokerSettings})
		if c.err == nil {
			newAdmin(t, c.cluster.Bootstrap()).coordinators()
		}
	})
	if c.err != nil {
		t.Fatal(c.err)
	}
	return c.cluster
}

func (c *common) stop() error {
	if c.cluster == nil {
		return nil
	}
	return c.cluster.Close()
}

// ownCluster is a broker that the test may injure.
func ownCluster(t *testing.T) *kafkatest.Cluster {
	t.Helper()
	c := kafkatest.New(t, kafkatest.Options{Env: brokerSettings})
	newAdmin(t, c.Bootstrap()).coordinators()
	return c
}

var binary struct {
	once sync.Once
	path string
	err  error
}

// processor builds the binary, with fail points, and returns its path.
func processor(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() {
		tags := "failpoints"
		if musl, _ := filepath.Glob("/lib/ld-musl-*"); len(musl) > 0 {
			tags += ",musl"
		}
		binary.path = filepath.Join(scratch, "processor")
		args := []string{"build", "-tags", tags, "-o", binary.path}
		if *flagRace {
			args = append(args, "-race")
		}
		out, err := exec.Command("go", append(args, "../cmd/processor")...).CombinedOutput()
		if err != nil {
			binary.err = fmt.Errorf("go %v: %w\n%s", args, err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// newRand makes the test's source of random choices. If the test fails, it says how to make the same ones again.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *flagSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("rerun: go test -tags integration ./integration -count=1 -v -run '^%s$' -weir.seed=%d", t.Name(), seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// eventually waits for something that needs no longer than within.
func eventually(t testing.TB, within time.Duration, what string, done func() error) {
	t.Helper()
	end := time.Now().Add(within)
	for {
		err := done()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s: %v", within, what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// awaited receives what comes within that time. A test that would hang says what it waits for instead, and where everybody stands.
func awaited[T any](t testing.TB, within time.Duration, what string, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(within):
		stacks := make([]byte, 1<<20)
		t.Fatalf("waited %v for %s; all goroutines:\n%s", within, what, stacks[:runtime.Stack(stacks, true)])
	}
	return v
}

// ends calls f, which must return.
func ends(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	awaited(t, patience, what+" to close", done)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
