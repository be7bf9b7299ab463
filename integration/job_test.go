//go:build integration

package integration

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/internal/kafkatest"
)

// The two guarantees.
const (
	exactlyOnce = "exactly-once"
	atLeastOnce = "at-least-once"
)

var guarantees = []string{exactlyOnce, atLeastOnce}

// eachGuarantee runs f for both, side by side.
func eachGuarantee(t *testing.T, f func(t *testing.T, guarantee string)) {
	t.Helper()
	t.Parallel()
	for _, g := range guarantees {
		t.Run(g, func(t *testing.T) {
			t.Parallel()
			f(t, g)
		})
	}
}

// job is a job with topics, a folder and settings of its own.
type job struct {
	t          *testing.T
	cluster    *kafkatest.Cluster // of the input
	sink       *kafkatest.Cluster // of the output: mostly the same
	id         string
	in, out    string
	partitions int
	dir        string // WEIR_DATA_DIR
	env        map[string]string
	admin      *admin
	sinkAdmin  *admin
	starts     int
}

var jobs atomic.Int32

// newJob makes the topics. Settings are name=value without the prefix WEIR_.
func newJob(t *testing.T, c *kafkatest.Cluster, name string, partitions int, settings ...string) *job {
	t.Helper()
	return newJobOn(t, c, c, name, partitions, settings...)
}

// newJobOn has its output on another cluster, if that is another one.
func newJobOn(t *testing.T, source, sink *kafkatest.Cluster, name string, partitions int, settings ...string) *job {
	t.Helper()
	id := fmt.Sprintf("%s-%d", name, jobs.Add(1))
	j := &job{
		t: t, cluster: source, sink: sink, id: id, in: id + "-in", out: id + "-out", partitions: partitions,
		dir: filepath.Join(t.TempDir(), "data"), admin: newAdmin(t, source.Bootstrap()), sinkAdmin: newAdmin(t, sink.Bootstrap()),
	}
	must(t, source.CreateTopic(t.Context(), j.in, partitions, nil))
	must(t, sink.CreateTopic(t.Context(), j.out, partitions, nil))
	j.env = map[string]string{
		"WEIR_JOB": name, "WEIR_JOB_ID": id, "WEIR_INSTANCE_ID": "one",
		"WEIR_BROKERS": source.Bootstrap(), "WEIR_INPUT_TOPICS": j.in, "WEIR_OUTPUT_TOPIC": j.out,
		"WEIR_DATA_DIR": j.dir, "WEIR_CHECKPOINT_INTERVAL": "100ms", "WEIR_LOG_FORMAT": "text",
	}
	if sink != source {
		j.env["WEIR_SINK_BROKERS"] = sink.Bootstrap()
	}
	j.set(settings...)
	t.Cleanup(j.keepTopic)
	return j
}

// keepTopic keeps what the broker has of the output, batch by batch, if the test fails and -weir.logs is given.
func (j *job) keepTopic() {
	if !j.t.Failed() || *flagLogs == "" {
		return
	}
	ctx, cancel := ask()
	defer cancel()
	for p := range j.partitions {
		dump, err := j.sink.Brokers[0].Exec(ctx, "/opt/kafka/bin/kafka-dump-log.sh", "--print-data-log", "--files",
			fmt.Sprintf("/var/lib/kafka/data/%s-%d/00000000000000000000.log", j.out, p))
		if err != nil {
			j.t.Log(err)
		}
		if err := os.WriteFile(filepath.Join(*flagLogs, fmt.Sprintf("%s-%d.dump", j.out, p)), []byte(dump), 0o600); err != nil {
			j.t.Log(err)
		}
	}
}

func (j *job) set(settings ...string) {
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		j.env["WEIR_"+name] = value
	}
}

// start starts an instance. Settings are added to the job's, again without the prefix; one that is only a name is
// taken away. FAILPOINTS=… arms fail points.
func (j *job) start(settings ...string) *process {
	j.t.Helper()
	env, addr := j.environment(settings)
	j.starts++
	return startProcess(j.t, fmt.Sprintf("instance %s, start %d", env["WEIR_INSTANCE_ID"], j.starts), addr, list(env), "run")
}

func (j *job) environment(settings []string) (env map[string]string, addr string) {
	addr = "127.0.0.1:" + strconv.Itoa(freePort(j.t))
	env = maps.Clone(j.env)
	env["WEIR_HTTP_ADDR"] = addr
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		env[name] = os.Getenv(name)
	}
	for _, s := range settings {
		name, value, set := strings.Cut(s, "=")
		if name != "FAILPOINTS" {
			name = "WEIR_" + name
		}
		if env[name] = value; !set {
			delete(env, name)
		}
	}
	return env, addr
}

func list(env map[string]string) []string {
	var l []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		l = append(l, name+"="+env[name])
	}
	return l
}

// run is start and then ready.
func (j *job) run(settings ...string) *process {
	j.t.Helper()
	p := j.start(settings...)
	p.ready()
	return p
}

// stateDir is the local state, which can be lost; storeDir holds the job's checkpoints, which can't.
func (j *job) stateDir() string { return filepath.Join(j.dir, "state") }
func (j *job) storeDir() string { return filepath.Join(j.dir, "checkpoints", j.id) }

// openStore opens the checkpoint store that the job has, also of another kind than storeDir is in.
func (j *job) openStore() checkpoint.Store {
	j.t.Helper()
	store, err := checkpoint.OpenStore(cmp.Or(j.env["WEIR_CHECKPOINT_STORE"], "file://"+filepath.Dir(j.storeDir())))
	must(j.t, err)
	return store
}

// elsewhere are the settings of an instance on another machine: the checkpoint store is shared, local state isn't.
func (j *job) elsewhere(instance string) []string {
	return []string{
		"INSTANCE_ID=" + instance, "CHECKPOINT_STORE=file://" + filepath.Join(j.dir, "checkpoints"),
		"STATE_DIR=" + filepath.Join(filepath.Dir(j.dir), "elsewhere", instance),
	}
}

// wordCount is a word count with text on its way in and its outputs being read.
type wordCount struct {
	*job
	*feeder
	out *outputs
}

func newWordCount(t *testing.T, c *kafkatest.Cluster, rng *rand.Rand, partitions int, guarantee string, settings ...string) *wordCount {
	t.Helper()
	return newWordCountOn(t, c, c, rng, partitions, guarantee, settings...)
}

func newWordCountOn(t *testing.T, source, sink *kafkatest.Cluster, rng *rand.Rand, partitions int, guarantee string, settings ...string) *wordCount {
	t.Helper()
	j := newJobOn(t, source, sink, "wordcount", partitions, append([]string{"GUARANTEE=" + guarantee}, settings...)...)
	return &wordCount{
		job:    j,
		feeder: newFeeder(t, source.Bootstrap(), j.in, partitions, newText(rng)),
		out:    readOutputs(t, sink.Bootstrap(), j.out, partitions, guarantee == exactlyOnce),
	}
}

// catchUp waits until everything fed so far was counted, by p or, at least once, by an earlier life.
func (w *wordCount) catchUp(p *process) {
	w.job.t.Helper()
	w.out.await(w.truth.words(), patience, p)
}

// finish lets p do what is left, stops it in good order and gives the verdict. At least once, an earlier life may have written what p is still on its way to.
func (w *wordCount) finish(p *process) {
	w.job.t.Helper()
	w.catchUp(p)
	if w.job.env["WEIR_GUARANTEE"] == atLeastOnce {
		eventually(w.job.t, patience, "the end of the input", func() error { return w.job.caughtUp() })
	}
	p.stop()
	w.verdict()
}

// verdict judges all outputs when nothing runs any more.
func (w *wordCount) verdict() {
	w.job.t.Helper()
	w.out.verdict(w.truth.all())
}

var ports struct {
	mu   sync.Mutex
	next int
}

// freePort picks a port that nothing listens on, below those that systems give to outgoing connections (and below kafkatest's).
func freePort(t testing.TB) int {
	t.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	if ports.next == 0 {
		ports.next = 11000 + rand.IntN(8000)
	}
	for range 1000 {
		if ports.next++; ports.next >= 20000 {
			ports.next = 11000
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(ports.next)))
		if err == nil {
			_ = l.Close()
			return ports.next
		}
	}
	t.Fatal("no free port between 11000 and 20000")
	return 0
}
