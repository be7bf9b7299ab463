package confluent_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// bareCopy is the loop that everybody writes first.
func bareCopy(b *testing.B, brokers, in, out string, n int, more kafka.ConfigMap) {
	conf := kafka.ConfigMap{"bootstrap.servers": brokers, "group.id": fmt.Sprint("bare-", time.Now().UnixNano()),
		"enable.auto.commit": false, "enable.auto.offset.store": false, "isolation.level": "read_committed", "auto.offset.reset": "earliest"}
	maps.Copy(conf, more)
	c, err := kafka.NewConsumer(&conf)
	must(b, err)
	defer c.Close()
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": brokers, "transactional.id": fmt.Sprint("bare-", os.Getpid()),
		"go.delivery.reports": false, "retry.backoff.ms": 3})
	must(b, err)
	defer p.Close()
	go func() {
		for range p.Events() {
		}
	}()
	must(b, p.InitTransactions(b.Context()))
	must(b, c.Subscribe(in, nil))
	must(b, p.BeginTransaction())
	copied, last := 0, time.Time{}
	offsets := map[int32]kafka.Offset{}
	for copied < n {
		ev := c.Poll(100)
		m, ok := ev.(*kafka.Message)
		if !ok {
			continue
		}
		if copied == 0 {
			b.ResetTimer()
			last = time.Now()
		}
		copied++
		offsets[m.TopicPartition.Partition] = m.TopicPartition.Offset + 1
		for {
			err := p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &out, Partition: m.TopicPartition.Partition},
				Key: m.Key, Value: m.Value, Headers: m.Headers, Timestamp: m.Timestamp}, nil)
			if err == nil {
				break
			}
			if e := (kafka.Error{}); !errors.As(err, &e) || e.Code() != kafka.ErrQueueFull {
				b.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if copied == n || copied%256 == 0 && time.Since(last) > benchInterval {
			bareCommit(b, c, p, in, offsets)
			last = time.Now()
		}
	}
	b.StopTimer()
}

func bareCommit(b *testing.B, c *kafka.Consumer, p *kafka.Producer, in string, offsets map[int32]kafka.Offset) {
	meta, err := c.GetConsumerGroupMetadata()
	must(b, err)
	var tps []kafka.TopicPartition
	for part, o := range offsets {
		tps = append(tps, kafka.TopicPartition{Topic: &in, Partition: part, Offset: o})
	}
	must(b, p.SendOffsetsToTransaction(b.Context(), tps, meta))
	must(b, p.CommitTransaction(b.Context()))
	must(b, p.BeginTransaction())
}
