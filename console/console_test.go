package console

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fake struct {
	StateReader
	Savepointer
	status runtime.Status
	beat   time.Time
}

func (f *fake) Status() runtime.Status { return f.status }
func (f *fake) LastBeat() time.Time    { return f.beat }

// serve starts a console for f and returns a function that gets a path.
func serve(t *testing.T, f *fake) func(path string) (int, string) {
	t.Helper()
	reg := prometheus.NewRegistry()
	metrics.New(reg, "copy", "pod-0").Commit()
	s, err := Listen(Options{
		Addr: "127.0.0.1:0", Metrics: reg, StartTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler),
		About: About{Job: "copy", JobID: "my-copy", InstanceID: "pod-0", Guarantee: "exactly-once", Version: "v1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	job := stream.NewJob("copy")
	stream.To(stream.From(job, stream.Topics("in"), stream.Raw, stream.UID("source")), "out", stream.AsRecord, stream.UID("sink"))
	graph, err := job.Describe()
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(f, graph)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(path string) (int, string) {
		resp, err := client.Get("http://" + s.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
}

func TestProbes(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		name            string
		phase           runtime.Phase
		beat            time.Duration // ago
		lastError       string
		healthy, ready  int
		whyNot, whyDead string
	}{
		{"running", runtime.PhaseRunning, 0, "", 200, 200, "", ""},
		{"running after a failure", runtime.PhaseRunning, time.Second, "an old one", 200, 200, "", ""},
		{"waiting", runtime.PhaseWaiting, time.Second, "", 200, 503, "waiting for 3s", ""},
		{"restoring after a failure", runtime.PhaseRestoring, time.Second, "broker away", 200, 503, "restoring for 3s: broker away", ""},
		{"hanging", runtime.PhaseRunning, time.Minute, "", 503, 200, "", "no life for 1m0s (phase running)"},
		{"starting may take its time", runtime.PhaseStarting, time.Minute, "", 200, 503, "starting", ""},
		{"starting hangs", runtime.PhaseStarting, 2 * time.Minute, "", 503, 503, "starting", "no life"},
		{"stopping", runtime.PhaseStopping, time.Second, "", 200, 503, "stopping", ""},
		{"stopped", runtime.PhaseStopped, time.Hour, "", 200, 503, "stopped", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			get := serve(t, &fake{status: runtime.Status{Phase: tc.phase, Since: now.Add(-3 * time.Second), LastError: tc.lastError}, beat: time.Now().Add(-tc.beat)})
			if code, body := get("/healthz"); code != tc.healthy || !strings.Contains(body, tc.whyDead) {
				t.Errorf("/healthz: %d %q, want %d %q", code, body, tc.healthy, tc.whyDead)
			}
			if code, body := get("/readyz"); code != tc.ready || !strings.Contains(body, tc.whyNot) {
				t.Errorf("/readyz: %d %q, want %d %q", code, body, tc.ready, tc.whyNot)
			}
		})
	}
}

func TestStatusPageAndMetrics(t *testing.T) {
	get := serve(t, &fake{status: runtime.Status{Phase: runtime.PhaseRunning, Epoch: 7, Lag: -1, LastError: "<b>"}, beat: time.Now()})
	code, body := get("/api/v1/status")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK {
		t.Fatalf("%d %s: %v", code, body, err)
	}
	for key, want := range map[string]any{"job": "copy", "jobId": "my-copy", "instanceId": "pod-0", "version": "v1", "phase": "running", "epoch": 7.0, "lag": -1.0, "ready": true} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	var graph stream.Graph
	if code, body := get("/api/v1/graph"); json.Unmarshal([]byte(body), &graph) != nil || code != http.StatusOK || len(graph.Operators) != 2 || graph.Operators[1].UID != "sink" {
		t.Errorf("graph: %d %s", code, body)
	}
	if _, body := get("/"); !strings.Contains(body, `href="metrics"`) || !strings.Contains(body, "&lt;b&gt;") {
		t.Errorf("page: %s", body)
	}
	if _, body := get("/metrics"); !strings.Contains(body, `weir_commits_total{instance_id="pod-0",job_id="copy"} 1`) {
		t.Errorf("metrics: %s", body)
	}
	if code, _ := get("/elsewhere"); code != http.StatusNotFound {
		t.Errorf("/elsewhere: %d", code)
	}
}

func TestPortInUse(t *testing.T) {
	first, err := Listen(Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Listen(Options{Addr: first.Addr()})
	if err == nil || !strings.Contains(err.Error(), `WEIR_HTTP_ADDR="`+first.Addr()+`"`) || !strings.Contains(err.Error(), "in use; choose another port, or off") {
		t.Errorf("%v", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("close a server that never served: %v", err)
	}
}
