package main

import (
	"context"
	"errors"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// commitCheck is after how many records the clock is looked at.
const commitCheck = 100

type loop struct {
	o    options
	c    *kafka.Consumer
	p    *kafka.Producer
	next map[int32]kafka.Offset // where each partition goes on; of those with records since the last commit
	out  kafka.Message          // used for all: the client copies it
}

func run(ctx context.Context, o options) error {
	l, err := open(o)
	if err != nil {
		return err
	}
	defer l.c.Close()
	defer l.p.Close()
	go func() {
		for range l.p.Events() { // a full channel would block the client
		}
	}()
	if err := l.p.InitTransactions(ctx); err != nil {
		return err
	}
	if err := l.p.BeginTransaction(); err != nil {
		return err
	}
	due := time.Now().Add(o.interval)
	for ctx.Err() == nil {
		if err := l.pass(commitCheck); err != nil {
			return err
		}
		if now := time.Now(); now.After(due) {
			if err := l.commit(); err != nil {
				return err
			}
			due = now.Add(o.interval)
		}
	}
	return l.commit()
}

// pass reads and writes up to n records, fewer if there are none.
func (l *loop) pass(n int) error {
	timeout := 2
	for range n {
		switch ev := l.c.Poll(timeout).(type) {
		case nil:
			return nil
		case kafka.Error:
			if ev.IsFatal() { // others say what the client is busy repairing
				return ev
			}
		case *kafka.Message:
			if err := ev.TopicPartition.Error; err != nil {
				return err
			}
			l.out.Key, l.out.Value = ev.Key, ev.Value
			if err := l.produce(); err != nil {
				return err
			}
			l.next[ev.TopicPartition.Partition] = ev.TopicPartition.Offset + 1
			timeout = 0
		}
	}
	return nil
}

func (l *loop) produce() error {
	for {
		err := l.p.Produce(&l.out, nil)
		var e kafka.Error
		if err == nil || !errors.As(err, &e) || e.Code() != kafka.ErrQueueFull {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func (l *loop) commit() error {
	if len(l.next) == 0 {
		return nil
	}
	var offsets []kafka.TopicPartition
	for id, o := range l.next {
		offsets = append(offsets, kafka.TopicPartition{Topic: &l.o.in, Partition: id, Offset: o})
	}
	meta, err := l.c.GetConsumerGroupMetadata()
	if err != nil {
		return err
	}
	if err := l.p.SendOffsetsToTransaction(context.Background(), offsets, meta); err != nil {
		return err
	}
	if err := l.p.CommitTransaction(context.Background()); err != nil {
		return err
	}
	clear(l.next)
	return l.p.BeginTransaction()
}
