// Package confluent is the txn driver on confluent-kafka-go, that is on librdkafka.
package confluent
