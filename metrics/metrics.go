package metrics

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics holds the metrics of one instance of one job.
type Metrics struct {
	in, out    cache[string, flow]
	lag        cache[partition, prometheus.Gauge]
	phases     cache[string, prometheus.Observer]
	aborts     cache[string, prometheus.Counter]
	rebalances cache[string, prometheus.Counter]
	restarts   cache[string, prometheus.Counter]
	calls      cache[string, calls]
	savepoints savepoints

	skipped, letters, late cache[string, prometheus.Counter] // by operator

	epoch, lastCommit, state, overlay prometheus.Gauge
	commits, groupOffsets             prometheus.Counter
	failedCheckpoints                 prometheus.Counter
	checkpointBytes                   prometheus.Histogram
	lagVec, build                     *prometheus.GaugeVec

	transactionStart atomic.Int64 // Unix nanoseconds; 0: none is open
	now              func() time.Time
}

type flow struct{ records, bytes prometheus.Counter }

type partition struct {
	topic string
	id    int32
}

// New makes the metrics of an instance and registers them. It panics, as Prometheus' MustRegister does, if reg has
// metrics of the same job and instance already.
func New(reg prometheus.Registerer, job, instance string) *Metrics {
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"job_id": job, "instance_id": instance}, reg)
	m := &Metrics{now: time.Now}
	m.registerFlows(reg)
	m.registerCheckpoints(reg)
	m.registerEvents(reg)
	m.registerLosses(reg)
	m.registerState(reg)
	m.registerCalls(reg)
	m.registerSavepoints(reg)
	return m
}

// In counts records and bytes (keys and values) read from a topic.
func (m *Metrics) In(topic string, records, bytes int) {
	if m != nil {
		m.in.get(topic).add(records, bytes)
	}
}

// Out counts records and bytes (keys and values) written to a topic, committed or not.
func (m *Metrics) Out(topic string, records, bytes int) {
	if m != nil {
		m.out.get(topic).add(records, bytes)
	}
}

func (f flow) add(records, bytes int) {
	f.records.Add(float64(records))
	f.bytes.Add(float64(bytes))
}

// SetLag says how many records of an owned partition are still to be read.
func (m *Metrics) SetLag(topic string, id int32, records int64) {
	if m != nil {
		m.lag.get(partition{topic, id}).Set(float64(records))
	}
}

// DropPartitions forgets the lag of every partition: another instance may report it from now on.
func (m *Metrics) DropPartitions() {
	if m != nil {
		m.lag.clear(m.lagVec.Reset)
	}
}

// Phase observes how long a phase of a checkpoint took: one of Phases.
func (m *Metrics) Phase(name string, d time.Duration) {
	if m != nil {
		m.phases.get(name).Observe(d.Seconds())
	}
}

// CheckpointBytes observes the size of a checkpoint's delta.
func (m *Metrics) CheckpointBytes(n int64) {
	if m != nil {
		m.checkpointBytes.Observe(float64(n))
	}
}

// Commit counts a committed epoch.
func (m *Metrics) Commit() {
	if m != nil {
		m.commits.Inc()
		m.lastCommit.Set(float64(m.now().UnixMilli()) / 1e3)
	}
}

// FailedCheckpoint counts a checkpoint that the checkpoint store did not take.
func (m *Metrics) FailedCheckpoint() {
	if m != nil {
		m.failedCheckpoints.Inc()
	}
}

// GroupOffsetsFailed counts a time that the group's offsets did not follow a commit whose decision is elsewhere.
func (m *Metrics) GroupOffsetsFailed() {
	if m != nil {
		m.groupOffsets.Inc()
	}
}

// Abort counts an epoch that was given up.
func (m *Metrics) Abort(cause string) {
	if m != nil {
		m.aborts.get(cause).Inc()
	}
}

// Rebalance counts a change of what the instance owns: assigned, revoked or lost.
func (m *Metrics) Rebalance(kind string) {
	if m != nil {
		m.rebalances.get(kind).Inc()
	}
}

// Restart counts a recovery in process: a new producer and a return to the decision record.
func (m *Metrics) Restart(cause string) {
	if m != nil {
		m.restarts.get(cause).Inc()
	}
}

// Skipped counts a record that an operator has failed on and let go.
func (m *Metrics) Skipped(operator string) {
	if m != nil {
		m.skipped.get(operator).Inc()
	}
}

// DeadLetter counts a record that an operator has failed on and written to a dead-letter topic.
func (m *Metrics) DeadLetter(operator string) {
	if m != nil {
		m.letters.get(operator).Inc()
	}
}

// Late counts a record that came too late for a window, whose late records nobody reads.
func (m *Metrics) Late(operator string) {
	if m != nil {
		m.late.get(operator).Inc()
	}
}

// SetEpoch says which epoch is under way.
func (m *Metrics) SetEpoch(n uint64) {
	if m != nil {
		m.epoch.Set(float64(n))
	}
}

// SetState says how large the committed state is.
func (m *Metrics) SetState(bytes int64) {
	if m != nil {
		m.state.Set(float64(bytes))
	}
}

// SetOverlay says how large the uncommitted state is.
func (m *Metrics) SetOverlay(bytes int64) {
	if m != nil {
		m.overlay.Set(float64(bytes))
	}
}

// SetTransactionStart says when the open transaction began; the zero time: none is open.
func (m *Metrics) SetTransactionStart(t time.Time) {
	if m == nil {
		return
	}
	if t.IsZero() {
		m.transactionStart.Store(0)
		return
	}
	m.transactionStart.Store(t.UnixNano())
}

func (m *Metrics) transactionAge() float64 {
	start := m.transactionStart.Load()
	if start == 0 {
		return 0
	}
	return max(0, m.now().Sub(time.Unix(0, start)).Seconds())
}

// SetBuild says what is running.
func (m *Metrics) SetBuild(version, revision, goVersion string) {
	if m != nil {
		m.build.Reset()
		m.build.WithLabelValues(version, revision, goVersion).Set(1)
	}
}

func (p partition) labels() []string { return []string{p.topic, strconv.Itoa(int(p.id))} }
