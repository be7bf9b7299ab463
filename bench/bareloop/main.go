// Command bareloop is what Weir's speed is compared with: one goroutine that reads from Kafka and writes what it has read
// in transactions, with the settings of package txn/confluent and nothing else. It runs until SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

type options struct {
	brokers, group, in, out string
	interval                time.Duration
	consumer, producer      properties
}

// properties is a flag that adds to a client's settings: name=value.
type properties struct{ kafka.ConfigMap }

func (p properties) String() string { return fmt.Sprint(p.ConfigMap) }

func (p properties) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("%q: expected name=value", s)
	}
	p.ConfigMap[name] = value
	return nil
}

func main() {
	o := options{consumer: properties{kafka.ConfigMap{}}, producer: properties{kafka.ConfigMap{}}}
	flag.StringVar(&o.brokers, "brokers", "localhost:9092", "bootstrap servers")
	flag.StringVar(&o.group, "group", "bareloop", "consumer group and transactional id")
	flag.StringVar(&o.in, "in", "input", "topic to read")
	flag.StringVar(&o.out, "out", "output", "topic to write")
	flag.DurationVar(&o.interval, "interval", time.Second, "time between commits")
	flag.Var(o.consumer, "consumer", "librdkafka property of the consumer: name=value")
	flag.Var(o.producer, "producer", "librdkafka property of the producer: name=value")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bareloop:", err)
		os.Exit(1)
	}
}
