package confluent

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

const (
	queueKiB  = 64 << 10 // of records that wait to be sent: what bounds the memory of a producer
	batchSize = 1000000  // librdkafka's own batch.size
)

// makeRoom lets every record pass that the queue can hold, unless the user has a limit: what a topic takes only its broker knows. Batches of several
// records stay as small as they were, since a broker refuses those as a whole that are larger than its message.max.bytes.
func makeRoom(m kafka.ConfigMap) {
	most, limited := userBytes(m)
	if _, set := m["queue.buffering.max.kbytes"]; !set {
		m["queue.buffering.max.kbytes"] = strconv.Itoa(max(queueKiB, kibFor(most)))
	}
	if limited {
		return
	}
	m["message.max.bytes"] = strconv.Itoa(min(number(m, queueKiB, "queue.buffering.max.kbytes")<<10, 1_000_000_000))
	if number(m, batchSize, "batch.size") > batchSize {
		m["batch.size"] = strconv.Itoa(batchSize)
	}
}

// kibFor is how large a queue has to be for a record of so many bytes.
func kibFor(bytes int) int { return (bytes + 1023) / 1024 }

// checkRoom refuses a queue that could never take what message.max.bytes allows.
func checkRoom(user map[string]string) error {
	m := kafka.ConfigMap{}
	for k, v := range user {
		m[k] = v
	}
	most, set := userBytes(m)
	queue, bounded := user["queue.buffering.max.kbytes"]
	if kib, err := strconv.Atoi(queue); set && bounded && err == nil && kib < kibFor(most) {
		return configError("queue.buffering.max.kbytes", queue, fmt.Sprintf("expected at least %d, since message.max.bytes=%d: a record that is larger than the queue could never be sent", kibFor(most), most))
	}
	return nil
}

// userBytes is the user's own limit.
func userBytes(m kafka.ConfigMap) (most int, set bool) {
	most = number(m, 0, "message.max.bytes", "max.message.bytes")
	return most, most > 0
}

// maxMessageBytes is the limit in force.
func maxMessageBytes(m kafka.ConfigMap) int {
	return number(m, batchSize, "message.max.bytes", "max.message.bytes")
}

// Limits implements txn.Admin. If the producer compresses, only the broker can tell how large a record may be.
func (a *admin) Limits(ctx context.Context, topic string) (l txn.Limits, err error) {
	config, err := a.TopicConfig(ctx, topic)
	if err != nil {
		return l, err
	}
	m := a.client.producerConfig(txn.ProducerConfig{})
	l.Bytes = maxMessageBytes(m)
	if n, err := strconv.Atoi(config["max.message.bytes"]); err == nil && !compresses(m) {
		l.Bytes = min(l.Bytes, n)
	}
	if config["message.timestamp.type"] != "LogAppendTime" {
		l.After = millisOf(config["message.timestamp.after.max.ms"])
		l.Before = millisOf(config["message.timestamp.before.max.ms"])
	}
	return l, nil
}

func compresses(m kafka.ConfigMap) bool {
	for _, k := range []string{"compression.type", "compression.codec"} {
		if codec, set := m[k].(string); set && codec != "none" {
			return true
		}
	}
	return false
}

// millisOf reads a limit of the broker's; 0: there is none, or none that can be reached.
func millisOf(value string) time.Duration {
	const reachable = int64(100*365*24) * int64(time.Hour/time.Millisecond)
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n > reachable {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}
