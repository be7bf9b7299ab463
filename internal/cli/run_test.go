package cli

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// logs is a buffer that can be read while it is written.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startBroker(t *testing.T, topics ...string) string {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return strings.Join(c.ListenAddrs(), ",")
}

func runEnv(t *testing.T, broker string, more ...string) []string {
	return append([]string{"WEIR_JOB=copy", "WEIR_BROKERS=" + broker, "WEIR_INSTANCE_ID=pod-0", "WEIR_DATA_DIR=" + t.TempDir(),
		"WEIR_HTTP_ADDR=127.0.0.1:0", "WEIR_START_TIMEOUT=3s", "WEIR_CHECKPOINT_INTERVAL=20ms"}, more...)
}

// A whole instance in this process: it copies, commits, and ends with 0 when it is told to stop.
func TestRunCopiesAndStopsInGoodOrder(t *testing.T) {
	broker := startBroker(t, "input", "output")
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.ConsumeTopics("output"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	limit, cancelLimit := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancelLimit()
	if err := client.ProduceSync(limit, &kgo.Record{Topic: "input", Key: []byte("k"), Value: []byte("v")}).FirstErr(); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, log logs
	a := &app{name: "processor", env: runEnv(t, broker, "WEIR_SINK_KAFKA_LINGER_MS=1"), out: &out, err: &log, exit: func(code int) { t.Errorf("exit %d", code) }}
	ended := make(chan int, 1)
	go func() { ended <- a.run(ctx, []string{"run"}) }()

	fetches := client.PollRecords(limit, 1)
	if records := fetches.Records(); len(records) != 1 || string(records[0].Value) != "v" {
		t.Fatalf("%d records, %v; log:\n%s", len(records), fetches.Errors(), &log)
	}
	stop()
	if code := <-ended; code != ExitOK {
		t.Errorf("exit %d; log:\n%s", code, &log)
	}
	if !strings.Contains(log.String(), `"msg":"stopped","job":"copy","instance":"pod-0"`) {
		t.Errorf("log:\n%s", &log)
	}
}

// What is wrong around an instance is told with its name and the right exit code.
func TestRunRefuses(t *testing.T) {
	broker := startBroker(t, "input")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	state := t.TempDir()
	if code, _, log := try(t, Program{}, runEnv(t, broker, "WEIR_STATE_DIR="+state), "run"); code != ExitSettings {
		t.Errorf("exit %d; log:\n%s", code, log) // made the folder its own, then missed the topic
	}
	for _, tc := range []struct {
		name string
		env  []string
		code int
		want []string
	}{
		{"missing topic", nil, ExitSettings, []string{"output"}},
		{"no broker", []string{"WEIR_BROKERS=127.0.0.1:1", "WEIR_START_TIMEOUT=300ms"}, ExitFailure, []string{"127.0.0.1:1"}},
		{"port in use", []string{"WEIR_HTTP_ADDR=" + taken.Addr().String()}, ExitSettings, []string{"WEIR_HTTP_ADDR", taken.Addr().String(), "in use"}},
		{"bad certificate", []string{"WEIR_KAFKA_SECURITY_PROTOCOL=ssl", "WEIR_KAFKA_SSL_CA_LOCATION=/no/such"}, ExitSettings, []string{"WEIR_KAFKA_", "ssl.ca.location"}},
		{"bad certificate of the sink", []string{"WEIR_SINK_KAFKA_SECURITY_PROTOCOL=ssl", "WEIR_SINK_KAFKA_SSL_CA_LOCATION=/no/such"}, ExitSettings, []string{"WEIR_SINK_KAFKA_", "ssl.ca.location"}},
		{"state of another job", []string{"WEIR_JOB_ID=other", "WEIR_STATE_DIR=" + state}, ExitState, []string{"WEIR_STATE_DIR", `belongs to job \"copy\"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, _, log := try(t, Program{}, runEnv(t, broker, tc.env...), "run")
			if code != tc.code {
				t.Errorf("exit %d, want %d", code, tc.code)
			}
			for _, want := range tc.want {
				if !strings.Contains(log, want) {
					t.Errorf("the log lacks %q:\n%s", want, log)
				}
			}
		})
	}
}
