package demo

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// feeder streams lines into the input topic.
type feeder struct {
	client *kgo.Client
	rate   int
	sent   atomic.Int64
	failed atomic.Pointer[error] // the first record that could not be written
	behind atomic.Int64          // lines that the job has not committed yet
}

// farBehind is how many lines the job may be behind before the feeder waits for it, so that a demo ends soon after
// its feeding whatever the rate.
const farBehind = 100_000

func newFeeder(b *broker, rate int) (*feeder, error) {
	c, err := b.connect(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return nil, err
	}
	return &feeder{client: c, rate: rate}, nil
}

// feed writes lines until the text or ctx ends, and returns when all of them have been acknowledged.
func (f *feeder) feed(ctx context.Context, t text) error {
	begin, n := time.Now(), int64(0)
	for line, err := range t.lines() {
		if err != nil {
			return fmt.Errorf("read the text: %w", err)
		}
		if !f.await(ctx) || !f.pace(ctx, begin, n) || f.failed.Load() != nil {
			break
		}
		r := &kgo.Record{Topic: inputTopic, Partition: int32(n % partitions), Value: bytes.Clone(line)}
		// What has been begun is finished, so that the input is known when ctx has ended. It blocks while much is under way.
		f.client.Produce(context.WithoutCancel(ctx), r, f.acknowledged)
		n++
	}
	if err := f.client.Flush(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := f.failed.Load(); err != nil {
		return fmt.Errorf("write the text: %w", *err)
	}
	return nil
}

func (f *feeder) acknowledged(_ *kgo.Record, err error) {
	if err != nil {
		f.failed.CompareAndSwap(nil, &err)
		return
	}
	f.sent.Add(1)
}

// await waits while the job is far behind, and says false when ctx has ended.
func (f *feeder) await(ctx context.Context) bool {
	for f.behind.Load() > farBehind {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

// pace waits until line n is due, and says false when ctx has ended.
func (f *feeder) pace(ctx context.Context, begin time.Time, n int64) bool {
	if f.rate <= 0 {
		return ctx.Err() == nil
	}
	wait := time.Until(begin.Add(time.Duration(n) * time.Second / time.Duration(f.rate)))
	if wait < 10*time.Millisecond { // in small groups: timers are not that fine
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

func (f *feeder) close() { f.client.Close() }
