package metrics

import (
	"strings"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
)

// The phases of a checkpoint, in the order in which they usually end.
const (
	PhaseAlign       = "align"        // barrier injected to aligned at every task
	PhasePause       = "pause"        // of each task: an input held back at the barrier to everything taken again
	PhaseStore       = "store"        // delta and manifest written to the checkpoint store
	PhaseFlush       = "flush"        // outputs acknowledged
	PhaseSendOffsets = "send_offsets" // offsets and checkpoint id put into the transaction
	PhaseCommit      = "commit"       // transaction committed
	PhasePublish     = "publish"      // delta handed to the state backend
	PhaseTotal       = "total"        // barrier injected to transaction committed
)

// Phases lists the phases of a checkpoint.
var Phases = []string{PhaseAlign, PhasePause, PhaseStore, PhaseFlush, PhaseSendOffsets, PhaseCommit, PhasePublish, PhaseTotal}

// From half a millisecond to about 16 s: a commit takes 7 to 25 ms on a quiet machine.
var durationBuckets = prometheus.ExponentialBuckets(0.0005, 2, 16)

// From 1 KiB to 1 GiB.
var byteBuckets = prometheus.ExponentialBuckets(1<<10, 4, 11)

func (m *Metrics) registerFlows(reg prometheus.Registerer) {
	recordsIn := counters(reg, "records_in_total", "Records read from a source topic.", "topic")
	bytesIn := counters(reg, "bytes_in_total", "Bytes of keys and values read from a source topic.", "topic")
	recordsOut := counters(reg, "records_out_total", "Records written to a sink topic, committed or not.", "topic")
	bytesOut := counters(reg, "bytes_out_total", "Bytes of keys and values written to a sink topic, committed or not.", "topic")
	m.in.make = func(t string) flow { return flow{recordsIn.WithLabelValues(t), bytesIn.WithLabelValues(t)} }
	m.out.make = func(t string) flow { return flow{recordsOut.WithLabelValues(t), bytesOut.WithLabelValues(t)} }

	m.lagVec = gauges(reg, "source_lag_records", "Records of an owned partition that are still to be read.", "topic", "partition")
	m.lag.make = func(p partition) prometheus.Gauge { return m.lagVec.WithLabelValues(p.labels()...) }
}

func (m *Metrics) registerCheckpoints(reg prometheus.Registerer) {
	phases := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "weir", Name: "checkpoint_duration_seconds",
		Help: "Duration of a checkpoint by phase; total is from barrier to decision.", Buckets: durationBuckets,
	}, []string{"phase"})
	reg.MustRegister(phases)
	m.phases.make = func(name string) prometheus.Observer { return phases.WithLabelValues(name) }
	for _, name := range Phases {
		m.phases.get(name) // shows in /metrics before the first checkpoint
	}

	m.checkpointBytes = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "weir", Name: "checkpoint_bytes", Help: "Size of the delta of a checkpoint.", Buckets: byteBuckets,
	})
	m.commits = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "weir", Name: "commits_total", Help: "Epochs committed.",
	})
	m.groupOffsets = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "weir", Name: "group_offsets_failed_total", Help: "Commits that the group's offsets did not follow, with sinks on a cluster of their own.",
	})
	m.failedCheckpoints = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "weir", Name: "failed_checkpoints_total", Help: "Checkpoints that failed because of the checkpoint store.",
	})
	reg.MustRegister(m.checkpointBytes, m.commits, m.groupOffsets, m.failedCheckpoints)
	m.epoch = gauge(reg, "epoch", "Number of the epoch under way.")
	m.lastCommit = gauge(reg, "last_commit_timestamp_seconds", "Unix time of the last commit; 0 before the first.")
}

func (m *Metrics) registerEvents(reg prometheus.Registerer) {
	aborts := counters(reg, "aborts_total", "Epochs given up and processed again, by cause.", "cause")
	rebalances := counters(reg, "rebalances_total", "Changes of the owned partitions, by kind (assigned, revoked, lost).", "kind")
	restarts := counters(reg, "restarts_total", "Recoveries in process (new producer, back to the decision record), by cause.", "cause")
	m.aborts.make = counterOf(aborts)
	m.rebalances.make = counterOf(rebalances)
	m.restarts.make = counterOf(restarts)
	m.build = gauges(reg, "build_info", "1, labelled with what is running.", "version", "revision", "go_version")
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "weir", Name: "transaction_age_seconds", Help: "Age of the open transaction; 0 when none is open.",
	}, m.transactionAge))
}

func (m *Metrics) registerLosses(reg prometheus.Registerer) {
	for _, c := range []struct {
		into       *cache[string, prometheus.Counter]
		name, help string
	}{
		{&m.skipped, "skipped_records_total", "Records that an operator failed on and let go (OnError: Skip), committed or not."},
		{&m.letters, "dead_letters_total", "Records that an operator failed on and wrote to a dead-letter topic, committed or not."},
		{&m.late, "late_records_total", "Records that came too late for a window and were dropped, committed or not."},
	} {
		v := counters(reg, c.name, c.help, "operator")
		c.into.make = func(uid string) prometheus.Counter { return v.WithLabelValues(uid) }
	}
}

func (m *Metrics) registerState(reg prometheus.Registerer) {
	m.state = gauge(reg, "state_bytes", "About the size of the committed state in the local backend.")
	m.overlay = gauge(reg, "overlay_bytes", "About the size of the uncommitted state in memory.")
}

func gauge(reg prometheus.Registerer, name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "weir", Name: name, Help: help})
	reg.MustRegister(g)
	return g
}

func gauges(reg prometheus.Registerer, name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "weir", Name: name, Help: help}, labels)
	reg.MustRegister(v)
	return v
}

func counters(reg prometheus.Registerer, name, help, label string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "weir", Name: name, Help: help}, []string{label})
	reg.MustRegister(v)
	return v
}

// counterOf makes the counters of a vector with one label, whose values become lower-case words: ProducerDead is
// producer_dead, as Prometheus' conventions have it.
func counterOf(v *prometheus.CounterVec) func(string) prometheus.Counter {
	return func(label string) prometheus.Counter { return v.WithLabelValues(snake(label)) }
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == ' ' || r == '-':
			r = '_'
		case unicode.IsUpper(r) && i > 0:
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
