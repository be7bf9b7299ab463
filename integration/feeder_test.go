//go:build integration

package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// feeder writes lines to the input topic, partition after partition, each exactly once (idempotent producer), and counts
// what it has written.
type feeder struct {
	t     testing.TB
	cl    *kgo.Client
	topic string
	parts int32
	next  int32
	text  *textGenerator
	truth *truth
}

func newFeeder(t testing.TB, bootstrap, topic string, partitions int, text *textGenerator) *feeder {
	t.Helper()
	cl, err := kgo.NewClient(seeds(bootstrap), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0), kgo.AlwaysRetryEOF(), kgo.MetadataMinAge(100*time.Millisecond))
	must(t, err)
	t.Cleanup(func() { ends(t, "the feeder's client", cl.Close) })
	return &feeder{t: t, cl: cl, topic: topic, parts: int32(partitions), text: text, truth: newTruth()}
}

// feed writes n generated lines and returns when the broker has them.
func (f *feeder) feed(n int) {
	f.t.Helper()
	must(f.t, f.write(context.Background(), f.text.lines(n)))
}

func (f *feeder) write(ctx context.Context, lines []string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	records := make([]*kgo.Record, len(lines))
	for i, line := range lines {
		records[i] = &kgo.Record{Partition: f.next, Value: []byte(line)}
		f.next = (f.next + 1) % f.parts
	}
	if err := f.cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	for _, line := range lines {
		f.truth.add(line)
	}
	return nil
}

// stream feeds about perSecond lines a second until the returned function is called.
func (f *feeder) stream(perSecond int) (stop func()) {
	const ticks = 20
	end := f.again(time.Second/ticks, func() []string { return f.text.lines(max(1, perSecond/ticks)) })
	stopped := false
	stop = func() {
		f.t.Helper()
		if stopped {
			return
		}
		stopped = true
		if err := end(); err != nil {
			f.t.Errorf("feeding %s: %v", f.topic, err)
		}
	}
	f.t.Cleanup(stop)
	return stop
}

// again writes lines each time that every has passed, until the returned function is called: that waits for the last ones. What was given to the producer
// must be counted, so that a write is not interrupted.
func (f *feeder) again(every time.Duration, lines func() []string) (stop func() error) {
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				done <- nil
				return
			case <-tick.C:
			}
			if err := f.write(context.Background(), lines()); err != nil {
				done <- err
				return
			}
		}
	}()
	return func() error {
		f.t.Helper()
		close(quit)
		return awaited(f.t, 3*patience, "the feeder of "+f.topic+" to end", done)
	}
}

// flood feeds as fast as the broker takes it, from now on until the returned function is called.
func (f *feeder) flood() (stop func()) {
	f.t.Helper()
	before := f.truth.words()
	end := f.again(time.Microsecond, func() []string { return f.text.lines(1000) })
	eventually(f.t, patience, "the flood to rise", func() error {
		if n := f.truth.words() - before; n < 100_000 {
			return fmt.Errorf("%d words", n)
		}
		return nil
	})
	return func() { f.t.Helper(); must(f.t, end()) }
}
