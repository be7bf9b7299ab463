package confluent

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// Defaults where the configuration leaves a duration at zero.
const (
	defaultSessionTimeout     = 45 * time.Second
	defaultTransactionTimeout = 60 * time.Second
)

// refused lists the properties that a user may not set, each with the reason.
var refused = map[string]string{
	"bootstrap.servers":             "the brokers have a setting of their own",
	"metadata.broker.list":          "the brokers have a setting of their own",
	"group.id":                      "the job's id is the consumer group, and its commit point lives there",
	"group.instance.id":             "static membership goes with the instance's name",
	"group.protocol":                "only the classic protocol tells generations apart as SendOffsets needs it",
	"group.remote.assignor":         "it belongs to the consumer protocol, which is not used",
	"partition.assignment.strategy": "range keeps equal partitions of several topics on one instance",
	"enable.auto.commit":            "offsets are committed with the checkpoint they belong to, and never alone",
	"enable.auto.offset.store":      "offsets are committed with the checkpoint they belong to, and never alone",
	"auto.offset.reset":             "a position that the topic no longer holds has to stop the job, not to skip records silently",
	"isolation.level":               "reading uncommitted records would make aborted outputs of others count",
	"enable.partition.eof":          "the driver sets it where the end of a partition matters",
	"transactional.id":              "it is made of the job's id and the instance's name, and fences zombies",
	"enable.idempotence":            "without it a retry can write a record twice",
	"acks":                          "a commit must not outrun the replication of its records",
	"request.required.acks":         "a commit must not outrun the replication of its records",
	"delivery.report.only.error":    "the Go client does not support it",
	"log.queue":                     "the driver forwards the client's log itself",
	"default.topic.config":          "set the property itself",
}

// checkProperties refuses the properties that the protocol depends on.
func checkProperties(props map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(props)) {
		why, bad := refused[k]
		switch {
		case strings.HasPrefix(k, "go."):
			bad, why = true, "it steers the Go client's own channels, which the driver relies on"
		case strings.HasPrefix(k, "{topic}."):
			bad, why = true, "set it without the {topic} prefix"
		}
		if bad {
			return configError(k, props[k], "this property can't be set: "+why)
		}
	}
	return nil
}

func configError(property, value, why string) error {
	return &txn.Error{Op: "configure Kafka client", Class: txn.ClassFatal, Code: "_INVALID_ARG",
		Err: fmt.Errorf("%s=%q: %s", property, value, why)}
}

// common is what every kind of client of the cluster starts from.
func (c *client) common() kafka.ConfigMap {
	m := kafka.ConfigMap{
		"bootstrap.servers":        c.cfg.Brokers,
		"socket.nagle.disable":     true,
		"socket.keepalive.enable":  true,
		"reconnect.backoff.max.ms": 1000, // default 10 s: too long for a broker that restarts in 3
		// A topic, partition or leader that is new to us is noticed by then; the default is 5 min.
		"topic.metadata.refresh.interval.ms": 3000,
		// A broker that comes back may answer that the cluster has none, and 2.11 then asks nobody until this much later: 5 min by default, when
		// session and transactions are long over. It counts from the last answer, so it has to be more than the interval.
		"metadata.recovery.rebootstrap.trigger.ms": 5000,
		"enable.metrics.push":                      false, // KIP-714: nobody asked for the client's own metrics to be sent
	}
	if c.cfg.ClientID != "" {
		m["client.id"] = c.cfg.ClientID
	}
	return m
}

// withUser applies the user's properties, last.
func (c *client) withUser(m kafka.ConfigMap) kafka.ConfigMap {
	for k, v := range c.cfg.Properties {
		m[k] = v
	}
	return m
}

// probe lets librdkafka check every property, SSL files included, before anything is consumed. Without brokers the
// probing instance connects to nobody.
func (c *client) probe() error {
	m := c.withUser(c.common())
	delete(m, "bootstrap.servers")
	err := c.try(m)
	if err == nil {
		return nil
	}
	// librdkafka may speak of an alias, or of no property at all.
	for _, k := range slices.Sorted(maps.Keys(c.cfg.Properties)) {
		if err := c.try(kafka.ConfigMap{k: c.cfg.Properties[k]}); err != nil {
			return configError(k, c.cfg.Properties[k], err.Error())
		}
	}
	return configFailed(err)
}

func (c *client) try(m kafka.ConfigMap) error {
	m = maps.Clone(m)
	logs := c.startLog(m)
	defer logs.stop()
	m["go.events.channel.size"], m["go.produce.channel.size"] = 1, 1
	p, err := kafka.NewProducer(&m)
	if err == nil {
		p.Close()
	}
	return err
}

// configFailed turns the client's refusal, which names the property, into an error.
func configFailed(err error) error {
	var e kafka.Error
	if !errors.As(err, &e) {
		return &txn.Error{Op: "configure Kafka client", Class: txn.ClassFatal, Code: "_INVALID_ARG", Err: err}
	}
	return &txn.Error{Op: "configure Kafka client", Class: txn.ClassFatal, Code: codeName(e.Code()), Err: err}
}

// millis renders a duration for librdkafka, never as the 0 that often means something special.
func millis(d, byDefault time.Duration) string {
	if d <= 0 {
		d = byDefault
	}
	return strconv.FormatInt(max(1, d.Milliseconds()), 10)
}
