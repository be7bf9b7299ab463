package main

import (
	"errors"
	"maps"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// open makes both clients with the settings of package txn/confluent, so that a difference in speed is Weir's own.
func open(o options) (*loop, error) {
	consumer := kafka.ConfigMap{
		"bootstrap.servers": o.brokers, "socket.nagle.disable": true, "enable.metrics.push": false,
		"group.id": o.group, "partition.assignment.strategy": "range",
		"enable.auto.commit": false, "enable.auto.offset.store": false, "auto.offset.reset": "earliest",
		"isolation.level":     "read_committed",
		"queued.min.messages": "20000", "queued.max.messages.kbytes": "4096",
		"max.partition.fetch.bytes": "1048576", "fetch.max.bytes": "33554432",
		"fetch.queue.backoff.ms": "2", "fetch.wait.max.ms": "100",
	}
	producer := kafka.ConfigMap{
		"bootstrap.servers": o.brokers, "socket.nagle.disable": true, "enable.metrics.push": false,
		"transactional.id": o.group, "acks": "all", "partitioner": "murmur2_random",
		"retry.backoff.ms": "3", "retry.backoff.max.ms": "50", "linger.ms": "200",
		"queue.buffering.max.kbytes": "65536", "queue.buffering.max.messages": "100000",
		"go.delivery.reports": false, "go.events.channel.size": 1024, "go.produce.channel.size": 1,
	}
	maps.Copy(consumer, o.consumer.ConfigMap)
	maps.Copy(producer, o.producer.ConfigMap)
	l := &loop{o: o, next: map[int32]kafka.Offset{}}
	l.out.TopicPartition = kafka.TopicPartition{Topic: &l.o.out, Partition: kafka.PartitionAny}
	var err error
	if l.c, err = kafka.NewConsumer(&consumer); err != nil {
		return nil, err
	}
	if l.p, err = kafka.NewProducer(&producer); err == nil {
		err = l.c.SubscribeTopics([]string{o.in}, nil)
	}
	if err != nil {
		return nil, errors.Join(err, l.c.Close())
	}
	return l, nil
}
