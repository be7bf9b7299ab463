//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// state runs the state processor, which has nothing but its arguments.
func (j *job) state(args ...string) (out string) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, processor(j.t), append([]string{"state"}, args...)...)
	cmd.Env = []string{"TMPDIR=" + j.t.TempDir()}
	b, err := cmd.CombinedOutput()
	if err != nil {
		j.t.Fatalf("state %q: %v\n%s", args, err, b)
	}
	return string(b)
}

// feedSensors writes an event of 20 for each sensor.
func (v *values) feedSensors(keys ...string) {
	v.t.Helper()
	var records []*kgo.Record
	for _, k := range keys {
		b, err := json.Marshal(classified{Key: k, Value: 20, CreatedAt: 1})
		must(v.t, err)
		records = append(records, &kgo.Record{Key: []byte(k), Value: b})
	}
	must(v.t, v.cl.ProduceSync(context.Background(), records...).FirstErr())
}

// labelled waits until the last event of each key in the output is that.
func (j *job) labelled(want map[string]string) {
	j.t.Helper()
	eventually(j.t, patience, fmt.Sprintf("outputs %v", want), func() error {
		got := map[string]string{}
		for _, r := range readTopic(j.t, j.sink.Bootstrap(), j.sinkAdmin, j.out) {
			var e classified
			if err := json.Unmarshal(r.Value, &e); err != nil {
				return err
			}
			got[e.Key] = fmt.Sprint(e.Value, " ", e.Label)
		}
		if !maps.Equal(got, want) {
			return fmt.Errorf("got %v", got)
		}
		return nil
	})
}

// A savepoint of classify gets thresholds from a file, and a job that starts from it labels by them, with the sums that there were. So does one that starts from a
// savepoint that was made from nothing, with sums of its own.
func TestThresholdsFromFile(t *testing.T) {
	t.Parallel()
	j := newJob(t, sharedCluster(t), "classify", 2, "CLASSIFY_WINDOW=0")
	in := newValues(t, j, newRand(t))
	in.feedSensors("sensor-1", "sensor-2", "sensor-3")
	p := j.run()
	j.labelled(map[string]string{"sensor-1": "20 UNCLASSIFIED", "sensor-2": "20 UNCLASSIFIED", "sensor-3": "20 UNCLASSIFIED"})
	p.stop()
	before := j.stoppedSavepoint("before")

	file := filepath.Join(t.TempDir(), "thresholds.csv")
	must(t, os.WriteFile(file, []byte("sensor,limit\nsensor-1,30\nsensor-2,50\nglobal,1\n"), 0o600))
	bootstrap := []string{"bootstrap", file, "--column", "key=sensor", "--column", "value=limit", "--uid", "classify_data", "--name", "thresholdState", "--value-codec", "int64-be"}
	j.state(append(bootstrap, "--from", before, "--to", j.savepointURL("with-thresholds"))...)
	j.state(append(bootstrap, "--to", j.savepointURL("from-nothing"))...)

	in.feedSensors("sensor-1", "sensor-2", "sensor-3")
	for name, want := range map[string]map[string]string{
		// State is per key: the threshold of "global" is nobody's here.
		"with-thresholds": {"sensor-1": "40 L1", "sensor-2": "40 L2", "sensor-3": "40 UNCLASSIFIED"},
		"from-nothing":    {"sensor-1": "40 L1", "sensor-2": "40 L2", "sensor-3": "40 UNCLASSIFIED"},
	} {
		t.Run(name, func(t *testing.T) {
			f := *j
			f.t, f.id, f.out, f.starts = t, j.id+"-"+name, j.out+"-"+name, 0
			f.dir = filepath.Join(t.TempDir(), "data")
			must(t, f.sink.CreateTopic(t.Context(), f.out, f.partitions, nil))
			f.env = maps.Clone(j.env)
			f.set("JOB_ID="+f.id, "OUTPUT_TOPIC="+f.out, "DATA_DIR="+f.dir, "RESTORE_FROM="+j.savepointURL(name), "START_FROM=earliest")
			p := f.run()
			f.labelled(want)
			p.stop()
			f.run().stop() // and it goes on from its own checkpoints
		})
	}
}
