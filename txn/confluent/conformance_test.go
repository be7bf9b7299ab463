package confluent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/weirstream/weir/txn/confluent"
	"github.com/weirstream/weir/txn/txntest"
)

func TestConformanceEmbedded(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	txntest.Run(t, txntest.Harness{
		Open: confluent.New, Brokers: strings.Join(c.ListenAddrs(), ","), Expiry: 10 * time.Second,
	})
}
