//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/internal/kafkatest"
)

// scratch is removed at the end of the run.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	var err error
	if scratch, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	code = m.Run()
	if shared.cluster != nil {
		shared.admin.Close()
		if err := shared.cluster.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}

// brokerSettings make a broker as one would run it on such a machine, instead of the small one that tests use.
var brokerSettings = map[string]string{
	"KAFKA_HEAP_OPTS":                       "-Xms1g -Xmx1g",
	"KAFKA_JVM_PERFORMANCE_OPTS":            "-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -Djava.awt.headless=true",
	"KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS": "10000", // endless inputs are kept short
	"KAFKA_LOG_SEGMENT_DELETE_DELAY_MS":     "1000",
	"KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS":    "1000",
}

var shared struct {
	once    sync.Once
	cluster *kafkatest.Cluster
	admin   *admin
	broker  int // its process id, 0 if it can't be found
	err     error
}

// broker starts the one broker of all runs.
func broker(t testing.TB) *admin {
	t.Helper()
	shared.once.Do(func() {
		shared.cluster, shared.err = kafkatest.Start(context.Background(), kafkatest.Options{Env: brokerSettings})
		if shared.err != nil {
			return
		}
		shared.broker = findBroker(shared.cluster.Brokers[0].Addr)
		shared.admin, shared.err = newAdmin(shared.cluster.Bootstrap())
	})
	must(t, shared.err)
	return shared.admin
}

var builds sync.Map // package → func() (path string, err error)

// build makes the program of a package of this module.
func build(t testing.TB, pkg string) string {
	t.Helper()
	once, _ := builds.LoadOrStore(pkg, sync.OnceValues(func() (string, error) {
		path := filepath.Join(scratch, filepath.Base(pkg))
		tags := "disable_grpc_modules" // as make build does: it is part of what memory is taken up
		if musl, _ := filepath.Glob("/lib/ld-musl-*"); len(musl) > 0 {
			tags += ",musl"
		}
		out, err := exec.Command("go", "build", "-trimpath", "-tags", tags, "-o", path, pkg).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
		return path, err
	}))
	path, err := once.(func() (string, error))()
	must(t, err)
	return path
}

// binary is a build of Weir under a name.
type binary struct{ name, path string }

// processors lists the builds to measure: mostly the tree's.
func processors(t testing.TB) (all []binary) {
	t.Helper()
	if env("PROCESSORS") == "" {
		pkg := "../cmd/processor"
		if env("PROFILE") != "" {
			pkg = "./profiled"
		}
		return []binary{{"weir", build(t, pkg)}}
	}
	for p := range strings.SplitSeq(env("PROCESSORS"), ",") {
		name, path, ok := strings.Cut(p, "=")
		if !ok {
			t.Fatalf("BENCH_PROCESSORS: %q: want name=path", p)
		}
		all = append(all, binary{name, path})
	}
	return all
}
