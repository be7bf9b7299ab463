//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// input is a topic that is filled once and read by many runs.
type input struct {
	topic   string
	records int
	outputs int // of all its records
	source  func() generator
	judge   func() judge
	written bool
}

// generator makes the records of an input, the same ones every time. What it returns holds until the next call.
type generator interface {
	next() (key, value []byte)
}

// numbers makes 100-byte values without keys that begin with their own number.
type numbers struct {
	n   int
	buf []byte
}

func newNumbers() *numbers {
	b := make([]byte, 100)
	for i := range b {
		b[i] = 'a' + byte(i*7%26)
	}
	return &numbers{buf: b}
}

func (g *numbers) next() (key, value []byte) {
	copy(g.buf, fmt.Sprintf("%010d", g.n))
	g.n++
	return nil, g.buf
}

// events makes {"key","value","createdAt"} over so many keys. The first ones, if swept, are each key once.
type events struct {
	r          *rand.Rand
	keys       int
	swept      bool
	n          int
	number     int // of the key of the last event
	value      int
	keyB, json []byte
	now        int64
}

func newEvents(keys int, swept bool) *events {
	return &events{r: rand.New(rand.NewPCG(42, 0)), keys: keys, swept: swept, now: 1_767_225_600_000}
}

func (g *events) next() (key, value []byte) {
	g.number, g.value = g.r.IntN(g.keys), g.r.IntN(1000)
	if g.swept && g.n < g.keys {
		g.number = g.n
	}
	g.n++
	g.keyB = strconv.AppendInt(append(g.keyB[:0], 'k'), int64(g.number), 10)
	b := append(append(append(g.json[:0], `{"key":"`...), g.keyB...), `","value":`...)
	b = strconv.AppendInt(b, int64(g.value), 10)
	b = strconv.AppendInt(append(b, `,"createdAt":`...), g.now+int64(g.n/1000), 10)
	g.json = append(b, '}')
	return g.keyB, g.json
}

const (
	vocabulary   = 1_000_000
	wordsPerLine = 10
)

// lines makes lines of ten words of five letters, Zipf(1.1) over a million words: 60 bytes.
type lines struct {
	r    *rand.Rand
	cdf  []float64
	line []byte
}

func newLines() *lines {
	g := &lines{r: rand.New(rand.NewPCG(42, 0)), cdf: make([]float64, vocabulary)}
	sum := 0.0
	for i := range g.cdf {
		sum += math.Pow(float64(i+1), -1.1)
		g.cdf[i] = sum
	}
	return g
}

func (g *lines) next() (key, value []byte) {
	g.line = g.line[:0]
	for i := range wordsPerLine {
		rank := sort.SearchFloat64s(g.cdf, g.r.Float64()*g.cdf[vocabulary-1])
		code := (rank + 1) * 7_654_321 % 11_881_376 // scattered over 26^5 words
		for range 5 {
			g.line = append(g.line, 'a'+byte(code%26))
			code /= 26
		}
		g.line = append(g.line, " ."[i/(wordsPerLine-1)])
	}
	g.line[0] -= 'a' - 'A'
	return nil, g.line
}

// fill makes the topic and writes the input, uncompressed.
func (in *input) fill(a *admin) error {
	if in.written {
		return nil
	}
	if err := a.create(in.topic, nil); err != nil {
		return err
	}
	w, err := newWriter(a, in.topic, 20*time.Millisecond)
	if err != nil {
		return err
	}
	defer w.cl.Close()
	g := in.source()
	for range in.records {
		w.write(g.next())
	}
	in.written = true
	return w.flush()
}

// writer is a producer that puts records without a key on the partitions in turn, and others by the key.
type writer struct {
	cl    *kgo.Client
	n     int32
	fails chan error
}

func newWriter(a *admin, topic string, linger time.Duration) (*writer, error) {
	byKey := kgo.StickyKeyPartitioner(nil) // murmur2, as everybody's
	w := &writer{fails: make(chan error, 1)}
	cl, err := kgo.NewClient(kgo.SeedBrokers(a.bootstrap), kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(linger),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(topic string) func(*kgo.Record, int) int {
			keyed := byKey.ForTopic(topic)
			return func(r *kgo.Record, n int) int {
				if r.Key != nil {
					return keyed.Partition(r, n)
				}
				w.n++
				return int(w.n) % n
			}
		})),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerBatchMaxBytes(64<<10), kgo.MaxBufferedRecords(50_000))
	w.cl = cl
	return w, err
}

// write copies the record and waits while too many are under way.
func (w *writer) write(key, value []byte) {
	b := make([]byte, len(key)+len(value))
	r := &kgo.Record{Value: b[copy(b, key):]}
	if key != nil {
		r.Key = b[:len(key):len(key)]
	}
	copy(r.Value, value)
	w.cl.Produce(context.Background(), r, func(_ *kgo.Record, err error) {
		if err != nil {
			select {
			case w.fails <- err:
			default:
			}
		}
	})
}

func (w *writer) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := w.cl.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-w.fails:
		return err
	default:
		return nil
	}
}
