//go:build integration

package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

const (
	measurePartitions = 4
	measureCount      = 4000
	measureKeys       = 50
	measureWindow     = time.Second
	measureDisorder   = 300 * time.Millisecond
)

// measure is an input of the job sums: "key at value".
type measure struct {
	Key       string
	At, Value int64
}

func readMeasure(r *stream.Record) (m measure, err error) {
	f := strings.Fields(string(r.Value))
	if len(f) != 3 {
		return m, fmt.Errorf("%d fields, want 3", len(f))
	}
	m.Key = f[0]
	if m.At, err = strconv.ParseInt(f[1], 10, 64); err == nil {
		m.Value, err = strconv.ParseInt(f[2], 10, 64)
	}
	return m, err
}

// sumsJob writes each key's running sum, and its sums by windows of event time.
func sumsJob(prefix string) *stream.Job {
	job := stream.NewJob("sums")
	in := stream.From(job, stream.Topics(prefix+"-in"), readMeasure, stream.UID("source"),
		stream.Watermarks(measureDisorder), stream.TimestampOf(func(m measure) int64 { return m.At }))
	byKey := stream.KeyBy(in, func(m measure) string { return m.Key }, stream.UID("by_key"), stream.Through(state.JSON[measure]{}))
	type result = stream.KV[string, int64]
	running := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, measure, result] {
		sum := stream.ValueState(s, "sum", state.Int64{})
		return func(ctx *stream.Context[string, result], m measure) error {
			before, _, err := sum.Get()
			if err != nil {
				return err
			}
			ctx.Emit(result{Key: m.Key, Value: before + m.Value})
			return sum.Set(before + m.Value)
		}
	}, stream.UID("running"))
	windows := stream.WindowAggregate(byKey, stream.Tumbling(measureWindow), stream.Aggregator[measure, int64, int64]{
		Codec: state.Int64{}, New: func() int64 { return 0 },
		Add:    func(sum int64, m measure) int64 { return sum + m.Value },
		Merge:  func(a, b int64) int64 { return a + b },
		Result: func(sum int64) int64 { return sum },
	}, stream.UID("windows"))
	stream.To(running, prefix+"-running", func(r result, out *stream.Output) error {
		out.Key, out.Value = []byte(r.Key), strconv.AppendInt(nil, r.Value, 10)
		return nil
	}, stream.UID("running_sink"))
	stream.To(windows, prefix+"-out", func(p stream.Pane[string, int64], out *stream.Output) error {
		out.Key, out.Value = []byte(windowKey(p.Key, p.Window.Start)), strconv.AppendInt(nil, p.Value, 10)
		return nil
	}, stream.UID("window_sink"))
	return job
}

func windowKey(key string, start int64) string { return fmt.Sprintf("%s from %d", key, start) }

// measures are an input out of order within measureDisorder, and what naive sums make of it.
type measures struct {
	parts   [measurePartitions][]*kgo.Record
	running map[string][]int64 // by key
	windows map[string][]int64 // by windowKey: one number each
}

func newMeasures(rng *rand.Rand) *measures {
	m := &measures{running: map[string][]int64{}, windows: map[string][]int64{}}
	sums := map[string]int64{}
	const begin = 1_700_000_000_000
	add := func(p int, key string, at, value int64) {
		m.parts[p] = append(m.parts[p], &kgo.Record{Partition: int32(p), Value: fmt.Appendf(nil, "%s %d %d", key, at, value)})
		sums[key] += value
		m.running[key] = append(m.running[key], sums[key])
	}
	for i := range int64(measureCount) {
		k := rng.IntN(measureKeys)
		key := fmt.Sprintf("k%02d", k)
		at := begin + 5*i - rng.Int64N(measureDisorder.Milliseconds())
		value := 1 + rng.Int64N(1000)
		add(k%measurePartitions, key, at, value)
		name := windowKey(key, at-at%measureWindow.Milliseconds())
		if m.windows[name] == nil {
			m.windows[name] = []int64{0}
		}
		m.windows[name][0] += value
	}
	for p := range m.parts { // time goes on everywhere, so that all windows end
		add(p, fmt.Sprintf("end%d", p), begin+int64(time.Hour/time.Millisecond), 1)
	}
	return m
}

// portion is the i-th of n of each partition.
func (m *measures) portion(i, n int) (records []*kgo.Record) {
	for _, p := range m.parts {
		for _, r := range p[i*len(p)/n : (i+1)*len(p)/n] {
			again := *r // the client writes into what it sends
			records = append(records, &again)
		}
	}
	return records
}

// sender writes measures to the job's input, each to its partition, and returns when the broker has them.
func (j *job) sender() func(records []*kgo.Record) {
	j.t.Helper()
	cl, err := kgo.NewClient(seeds(j.cluster.Bootstrap()), kgo.DefaultProduceTopic(j.in), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	must(j.t, err)
	j.t.Cleanup(cl.Close)
	return func(records []*kgo.Record) {
		j.t.Helper()
		must(j.t, cl.ProduceSync(context.Background(), records...).FirstErr())
	}
}
