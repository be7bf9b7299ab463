package metrics

import "github.com/prometheus/client_golang/prometheus"

// calls are the asynchronous calls of one operator.
type calls struct {
	underWay                prometheus.Gauge
	began, retried, timeout prometheus.Counter
}

func (m *Metrics) registerCalls(reg prometheus.Registerer) {
	underWay := gauges(reg, "async_calls_in_flight", "Asynchronous calls under way.", "operator")
	began := counters(reg, "async_calls_total", "Asynchronous calls begun.", "operator")
	retried := counters(reg, "async_retries_total", "Attempts of asynchronous calls after the first.", "operator")
	timeouts := counters(reg, "async_timeouts_total", "Attempts of asynchronous calls that had no answer in time.", "operator")
	m.calls.make = func(uid string) calls {
		return calls{underWay.WithLabelValues(uid), began.WithLabelValues(uid), retried.WithLabelValues(uid), timeouts.WithLabelValues(uid)}
	}
}

// CallBegan counts an asynchronous call of the operator with this uid.
func (m *Metrics) CallBegan(uid string) {
	if m != nil {
		c := m.calls.get(uid)
		c.began.Inc()
		c.underWay.Inc()
	}
}

// CallEnded says that one is over.
func (m *Metrics) CallEnded(uid string) {
	if m != nil {
		m.calls.get(uid).underWay.Dec()
	}
}

// CallRetried counts an attempt after the first.
func (m *Metrics) CallRetried(uid string) {
	if m != nil {
		m.calls.get(uid).retried.Inc()
	}
}

// CallTimedOut counts an attempt that had no answer in time.
func (m *Metrics) CallTimedOut(uid string) {
	if m != nil {
		m.calls.get(uid).timeout.Inc()
	}
}
