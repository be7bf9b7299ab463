package metrics

import (
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func report(m *Metrics) {
	m.In("text", 3, 30)
	m.Out("counts", 2, 20)
	m.SetLag("text", 1, 7)
	m.Phase(PhaseCommit, 12*time.Millisecond)
	m.CheckpointBytes(2000)
	m.Commit()
	m.Abort("ProducerFenced")
	m.Rebalance("assigned")
	m.Restart("fenced")
	m.Skipped("parse")
	m.DeadLetter("parse")
	m.Late("sums")
	m.SetEpoch(5)
	m.SetState(100)
	m.SetOverlay(10)
	m.SetBuild("v1", "abc", "go1")
	m.SetTransactionStart(time.Time{})
	m.CallBegan("ask")
	m.CallBegan("ask")
	m.CallEnded("ask")
	m.CallRetried("ask")
	m.CallTimedOut("ask")
	m.SavepointTaken(true, 1500*time.Millisecond, 4096)
	m.SavepointFailed(false)
}

func TestEveryMetricHasItsValueAndLabels(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := New(reg, "wordcount", "pod-0")
	m.now = func() time.Time { return time.Unix(50, 0) }
	report(m)
	m.SetTransactionStart(time.Unix(48, 0))
	want := map[string]string{
		`weir_records_in_total{LABELS,topic="text"}`:                           "3",
		`weir_bytes_in_total{LABELS,topic="text"}`:                             "30",
		`weir_records_out_total{LABELS,topic="counts"}`:                        "2",
		`weir_bytes_out_total{LABELS,topic="counts"}`:                          "20",
		`weir_commits_total{LABELS}`:                                           "1",
		`weir_aborts_total{cause="producer_fenced",LABELS}`:                    "1",
		`weir_rebalances_total{LABELS,kind="assigned"}`:                        "1",
		`weir_restarts_total{cause="fenced",LABELS}`:                           "1",
		`weir_skipped_records_total{LABELS,operator="parse"}`:                  "1",
		`weir_dead_letters_total{LABELS,operator="parse"}`:                     "1",
		`weir_late_records_total{LABELS,operator="sums"}`:                      "1",
		`weir_epoch{LABELS}`:                                                   "5",
		`weir_state_bytes{LABELS}`:                                             "100",
		`weir_overlay_bytes{LABELS}`:                                           "10",
		`weir_last_commit_timestamp_seconds{LABELS}`:                           "50",
		`weir_transaction_age_seconds{LABELS}`:                                 "2",
		`weir_build_info{go_version="go1",LABELS,revision="abc",version="v1"}`: "1",
		`weir_async_calls_in_flight{LABELS,operator="ask"}`:                    "1",
		`weir_async_calls_total{LABELS,operator="ask"}`:                        "2",
		`weir_async_retries_total{LABELS,operator="ask"}`:                      "1",
		`weir_async_timeouts_total{LABELS,operator="ask"}`:                     "1",
		`weir_savepoints_total{LABELS,result="taken",trigger="schedule"}`:      "1",
		`weir_savepoints_total{LABELS,result="failed",trigger="schedule"}`:     "0",
		`weir_savepoints_total{LABELS,result="failed",trigger="request"}`:      "1",
		`weir_last_savepoint_timestamp_seconds{LABELS}`:                        "50",
		`weir_last_savepoint_duration_seconds{LABELS}`:                         "1.5",
		`weir_last_savepoint_bytes{LABELS}`:                                    "4096",
		`weir_source_lag_records{LABELS,partition="1",topic="text"}`:           "7",
	}
	got := text(t, reg)
	for series, value := range want {
		line := strings.Replace(series, "LABELS", `instance_id="pod-0",job_id="wordcount"`, 1) + " " + value + "\n"
		if !strings.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if n := strings.Count(got, "weir_checkpoint_duration_seconds_count{"); n != len(Phases) {
		t.Errorf("checkpoint_duration_seconds has %d series, want one for each of the %d phases", n, len(Phases))
	}
	if t.Failed() {
		t.Log(got)
	}
}

// text is what a scrape would give.
func text(t *testing.T, reg prometheus.Gatherer) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestNamesFollowPrometheus(t *testing.T) {
	reg := prometheus.NewRegistry()
	report(New(reg, "j", "i"))
	problems, err := promlint.New(strings.NewReader(text(t, reg))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestNilCountsNothing(t *testing.T) {
	var m *Metrics
	report(m)
	m.DropPartitions()
}

func TestDropPartitionsForgetsLag(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := New(reg, "j", "i")
	m.SetLag("text", 0, 1)
	m.SetLag("text", 1, 1)
	m.DropPartitions()
	m.SetLag("text", 1, 4)
	if n := strings.Count(text(t, reg), "\nweir_source_lag_records{"); n != 1 {
		t.Errorf("%d partitions have a lag, want 1", n)
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	m := New(prometheus.NewRegistry(), "j", "i")
	report(m)
	if n := testing.AllocsPerRun(100, func() {
		m.In("text", 1, 10)
		m.Out("counts", 1, 10)
		m.SetLag("text", 1, 7)
		m.Phase(PhaseAlign, time.Millisecond)
		m.SetOverlay(1)
		m.Commit()
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := New(reg, "j", "i")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				m.In("text", 1, 10)
				m.SetLag("text", int32(i%5), 1)
				m.SetTransactionStart(time.Unix(int64(i), 0))
				if i%50 == 0 {
					m.DropPartitions()
					_, _ = reg.Gather()
				}
			}
		})
	}
	wg.Wait()
	if got := text(t, reg); !strings.Contains(got, `topic="text"} 1600`) {
		t.Errorf("want 1600 records in:\n%s", got)
	}
}

// Whoever looks at a dashboard finds every metric in the document, and no other.
func TestDocumentNamesEveryMetric(t *testing.T) {
	doc, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	report(New(reg, "j", "i"))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range families {
		known[f.GetName()] = true
		if !strings.Contains(string(doc), "`"+f.GetName()+"`") {
			t.Errorf("docs/operations.md lacks %s", f.GetName())
		}
	}
	for _, name := range regexp.MustCompile(`\bweir_[a-z_]+`).FindAllString(string(doc), -1) {
		if base := strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"); !known[base] {
			t.Errorf("docs/operations.md names %s, which does not exist", name)
		}
	}
}
