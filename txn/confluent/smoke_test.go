package confluent

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/weirstream/weir/txn"
)

type hand struct {
	c    txn.Consumer
	meta txn.GroupMetadata
	pos  map[txn.Partition]int64
	log  []string
}

func (h *hand) Assigned(p []txn.Partition, m txn.GroupMetadata) {
	h.meta = m
	h.pos = map[txn.Partition]int64{}
	for _, x := range p {
		h.pos[x] = 0
	}
	h.log = append(h.log, fmt.Sprint("assigned ", p))
}
func (h *hand) Revoked(p []txn.Partition) { h.log = append(h.log, fmt.Sprint("revoked ", p)) }
func (h *hand) Lost(p []txn.Partition)    { h.log = append(h.log, fmt.Sprint("lost ", p)) }

func TestSmoke(t *testing.T) {
	cl, err := kfake.NewCluster(kfake.SeedTopics(2, "in", "out"), kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := New(txn.ClusterConfig{Brokers: strings.Join(cl.ListenAddrs(), ",")})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	lap := func(what string) { t.Log(what, time.Since(start)); start = time.Now() }
	p, err := c.NewProducer(txn.ProducerConfig{TransactionalID: "a", TransactionTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	lap("new producer")
	ck := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ck(p.Init(ctx))
	lap("init")
	ck(p.Begin())
	ck(p.Produce(ctx, []txn.Record{{Topic: "in", Partition: 0, Value: []byte("x")}, {Topic: "in", Partition: 1, Key: []byte("k"), Value: []byte("x"), Headers: []txn.Header{{Key: "h", Value: []byte("v")}}}}))
	ck(p.Commit(ctx))
	lap("commit")
	h := &hand{}
	k, err := c.NewConsumer(txn.ConsumerConfig{Topics: []string{"in"}, Group: "g", InstanceID: "i"}, h)
	ck(err)
	lap("new consumer")
	for h.meta == nil && ctx.Err() == nil {
		b, err := k.Poll(100*time.Millisecond, 10)
		if len(b) > 0 || err != nil {
			t.Fatal(b, err)
		}
	}
	lap("assigned")
	ck(k.Seek(h.pos))
	n := 0
	for n < 2 && ctx.Err() == nil {
		b, err := k.Poll(100*time.Millisecond, 10)
		ck(err)
		for _, b := range b {
			n += len(b.Records)
			t.Logf("%+v", b)
		}
	}
	lap("read")
	ck(p.Begin())
	ck(p.Produce(ctx, []txn.Record{{Topic: "out", Partition: 0, Value: []byte("x")}}))
	off := map[txn.Partition]txn.Position{{Topic: "in", ID: 0}: {Offset: 1, Metadata: "ck-1"}}
	ck(p.SendOffsets(ctx, off, h.meta))
	ck(p.Commit(ctx))
	lap("second commit")
	got, err := k.Committed(ctx, []txn.Partition{{Topic: "in", ID: 0}, {Topic: "in", ID: 1}})
	ck(err)
	t.Log(got)
	lap("committed")
	ends, err := k.Ends(ctx, []txn.Partition{{Topic: "in", ID: 0}, {Topic: "in", ID: 1}})
	ck(err)
	t.Log(ends, k.KnownEnd(txn.Partition{Topic: "in"}))
	lap("ends")
	a, err := c.NewAdmin()
	ck(err)
	lap("committed, ends, admin")
	t.Log(a.Topics(ctx, []string{"in", "nope"}))
	t.Log(a.Members(ctx, "g"))
	t.Log(a.Members(ctx, "none"))
	t.Log(a.Committed(ctx, "g", []txn.Partition{{Topic: "in", ID: 0}, {Topic: "in", ID: 1}}))
	t.Log(a.MaxTransactionTimeout(ctx))
	lap("questions")
	ck(k.Close())
	lap("close")
	ck(a.Leave(ctx, "g", "i"))
	t.Log(a.Members(ctx, "g"))
	lap("leave")
	a.Close()
	p.Close()
	lap("close all")
	t.Log(h.log)
}
