package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// savepoints are those that an instance has taken, or failed to.
type savepoints struct {
	results             cache[savepointResult, prometheus.Counter]
	last, seconds, size prometheus.Gauge // of the last one that was taken
}

type savepointResult struct{ trigger, result string }

// trigger says who asked for a savepoint.
func trigger(scheduled bool) string {
	if scheduled {
		return "schedule"
	}
	return "request"
}

func (m *Metrics) registerSavepoints(reg prometheus.Registerer) {
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "weir", Name: "savepoints_total", Help: "Savepoints, by who asked for them (request, schedule) and result (taken, failed).",
	}, []string{"trigger", "result"})
	reg.MustRegister(results)
	s := &m.savepoints
	s.results.make = func(r savepointResult) prometheus.Counter { return results.WithLabelValues(r.trigger, r.result) }
	for _, scheduled := range []bool{false, true} { // a failure that is the first can be seen only as a rise from 0
		s.results.get(savepointResult{trigger(scheduled), "taken"})
		s.results.get(savepointResult{trigger(scheduled), "failed"})
	}
	s.last = gauge(reg, "last_savepoint_timestamp_seconds", "Unix time at which this process has last taken a savepoint; 0 before the first.")
	s.seconds = gauge(reg, "last_savepoint_duration_seconds", "How long the last savepoint took that was taken.")
	s.size = gauge(reg, "last_savepoint_bytes", "Size of the last savepoint that was taken.")
}

// SavepointTaken counts a savepoint that is there.
func (m *Metrics) SavepointTaken(scheduled bool, took time.Duration, bytes int64) {
	if m != nil {
		m.savepoints.results.get(savepointResult{trigger(scheduled), "taken"}).Inc()
		m.savepoints.last.Set(float64(m.now().UnixMilli()) / 1e3)
		m.savepoints.seconds.Set(took.Seconds())
		m.savepoints.size.Set(float64(bytes))
	}
}

// SavepointFailed counts one that was asked for and is not there.
func (m *Metrics) SavepointFailed(scheduled bool) {
	if m != nil {
		m.savepoints.results.get(savepointResult{trigger(scheduled), "failed"}).Inc()
	}
}
