package txntest

import (
	"context"
	"strconv"

	"github.com/weirstream/weir/txn"
)

// limits: a record that is just as large as its topic takes is written and read; one more byte is too much.
func limits(e *env) {
	a := e.admin()
	for _, most := range []int{0, 20_000, 3_000_000} {
		spec := txn.TopicSpec{Name: e.name("t"), Partitions: 1}
		if most > 0 {
			spec.Config = map[string]string{"max.message.bytes": strconv.Itoa(most)}
		} else {
			most = 1048588 // Kafka's default
		}
		e.must(a.CreateTopics(e.ctx, []txn.TopicSpec{spec}))
		l, err := a.Limits(e.ctx, spec.Name)
		e.must(err)
		if l.Bytes != most {
			e.Fatalf("%d bytes, want %d", l.Bytes, most)
		}
		r := txn.Record{Topic: spec.Name, Key: []byte("key"), Headers: []txn.Header{{Key: "h", Value: []byte("v")}}, Value: make([]byte, most-200)}
		r.Value = make([]byte, most-200+most-r.Size())
		if r.Size() != most {
			e.Fatalf("a record of %d bytes, want %d", r.Size(), most)
		}
		e.commit(e.producer(e.name("id")), r)
		if got := e.committed(spec.Name, 0, 1); len(got) != 1 || len(got[0].Value) != len(r.Value) {
			e.Fatalf("%d records", len(got))
		}
		r.Value = append(r.Value, 0)
		p := e.producer(e.name("id"))
		e.must(p.Begin())
		if err = p.Produce(e.ctx, []txn.Record{r}); err == nil {
			err = p.Commit(e.ctx)
		}
		e.class(err, txn.ClassFatal)
	}
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	if _, err := a.Limits(ctx, "any"); err == nil {
		e.Error("no error of a question that was given up")
	}
}
