package jobs

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/internal/benchtest"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

const (
	benchBatch       = 500 // records per poll
	benchParallelism = 2
)

// benchSink keeps the compiler from dropping the work.
var benchSink int

// instance runs a plan in one goroutine, so that ns/op is CPU time.
type instance struct {
	source *operators.Chain
	stores []*state.Store
	out    int
}

func newInstance(b testing.TB, job *stream.Job) *instance {
	b.Helper()
	plan, err := job.Plan()
	if err != nil {
		b.Fatal(err)
	}
	in := &instance{}
	backend := memory.New()
	reg, _ := state.NewRegistry(nil)
	keyed := map[int][]*operators.Chain{}
	env := func(task int) *operators.Env {
		return &operators.Env{
			Task: task, Parallelism: benchParallelism, MaxParallelism: state.DefaultMaxParallelism, Now: time.Now,
			Send:    func(x, target int, batch operators.Batch) error { return keyed[x][target].Exchange(x, batch) },
			Produce: func(records []txn.Record) error { in.out += len(records); return nil },
		}
	}
	for _, s := range plan.Stages {
		for task := range benchParallelism {
			e := env(task)
			if s.Source == nil {
				e.State = state.NewStore(backend, reg, state.Options{})
				in.stores = append(in.stores, e.State)
			}
			c, err := s.New(e)
			if err != nil {
				b.Fatal(err)
			}
			if s.Source != nil {
				in.source = c
				break
			}
			keyed[s.Inputs[0]] = append(keyed[s.Inputs[0]], c)
		}
	}
	return in
}

// run feeds the records round and round, b.N of them, in polls.
func (in *instance) run(b *testing.B, topic string, records []txn.Record) {
	b.Helper()
	bytes := 0
	for _, r := range records {
		bytes += len(r.Value)
	}
	b.SetBytes(int64(bytes / len(records)))
	batch := &txn.Batch{Partition: txn.Partition{Topic: topic}}
	feed := func(n int) {
		for at := 0; n > 0; n -= len(batch.Records) {
			if at+benchBatch > len(records) {
				at = 0
			}
			batch.Records = records[at : at+min(n, benchBatch)]
			at += benchBatch
			if err := in.source.Source(batch); err != nil {
				b.Fatal(err)
			}
		}
		if err := in.source.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	feed(len(records)) // every key has its state
	in.out = 0
	b.ReportAllocs()
	b.ResetTimer()
	before := benchtest.CPU()
	feed(b.N)
	b.StopTimer()
	b.ReportMetric(float64(benchtest.CPU()-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(in.out)/float64(b.N), "out/op")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(in.out, 1)), "ns/out")
}

func BenchmarkCopy(b *testing.B) {
	records := make([]txn.Record, 10_000)
	for i := range records {
		records[i] = txn.Record{Key: []byte("key"), Value: make([]byte, 100), Timestamp: 1}
	}
	newInstance(b, build(b, "copy", Params{})).run(b, "input", records)
}

func classifyRecords(keys int) []txn.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	records := make([]txn.Record, 400_000)
	for i := range records {
		v := fmt.Sprintf(`{"key":"key-%05d","value":%d,"createdAt":1700000000%03d}`, rng.IntN(keys), rng.IntN(1000), i%1000)
		records[i] = txn.Record{Value: []byte(v), Timestamp: 1}
	}
	return records
}

func BenchmarkClassify(b *testing.B) {
	for _, keys := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			newInstance(b, build(b, "classify", Params{})).run(b, "events", classifyRecords(keys))
		})
	}
}

// BenchmarkClassifyByHand is what somebody writes without us, without state that survives.
func BenchmarkClassifyByHand(b *testing.B) {
	type in struct {
		Key       string `json:"key"`
		Value     int64  `json:"value"`
		CreatedAt int64  `json:"createdAt"`
	}
	type out struct {
		in
		Label string `json:"label"`
	}
	records := classifyRecords(100_000)
	sums := map[string]int64{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var e in
		if err := json.Unmarshal(records[i%len(records)].Value, &e); err != nil {
			b.Fatal(err)
		}
		sums[e.Key] += e.Value
		e.Value, e.CreatedAt = sums[e.Key], time.Now().UnixMilli()
		v, err := json.Marshal(out{e, "UNCLASSIFIED"})
		if err != nil {
			b.Fatal(err)
		}
		benchSink += len(v)
	}
}

// wordLines are 60-byte lines of ten words, Zipf(1.1) over a million.
func wordLines() []txn.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, 1_000_000)
	records := make([]txn.Record, 20_000)
	for i := range records {
		words := make([]string, 10)
		for j := range words {
			words[j] = fmt.Sprintf("w%04x", zipf.Uint64())
		}
		records[i] = txn.Record{Value: []byte(strings.Join(words, " ")), Timestamp: 1}
	}
	return records
}

func BenchmarkWordCount(b *testing.B) {
	newInstance(b, build(b, "wordcount", Params{})).run(b, "text", wordLines())
}

func BenchmarkWords(b *testing.B) {
	records := wordLines()
	emit := func(w string) { benchSink += len(w) }
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		eachWord(records[i%len(records)].Value, emit)
	}
}
