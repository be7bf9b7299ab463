//go:build integration

package confluent_test

import (
	"os"
	"testing"
	"time"

	"github.com/weirstream/weir/internal/kafkatest"
	"github.com/weirstream/weir/txn/confluent"
	"github.com/weirstream/weir/txn/txntest"
)

// TestConformance runs the suite against a real broker, or against the one that WEIR_TEST_BROKERS names.
func TestConformance(t *testing.T) {
	brokers := os.Getenv("WEIR_TEST_BROKERS")
	if brokers == "" {
		brokers = kafkatest.New(t, kafkatest.Options{Env: map[string]string{
			"KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS": "1000", // 10 s by default
		}}).Bootstrap()
	}
	txntest.Run(t, txntest.Harness{Open: confluent.New, Brokers: brokers, Expiry: 20 * time.Second})
}
