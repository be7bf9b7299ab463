package operators

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// Through a repartition topic a record keeps key, timestamp, origin and, if it is wanted, the source record.
func TestRepartitionKeepsOrigin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.Bool().Draw(t, "raw")
		x := &Exchange[string, string]{UID: "by", Key: func(v string) string { return v }, Codec: state.String{}, Values: state.String{}, Raw: raw}
		l := lend(3)
		l.Topic = func(int) string { return "repartition" }
		task := NewTask(&l.Env)
		if raw {
			task.KeepRaw()
		}
		source := Source(task, "s", value, x.Send(task))
		var sent []txn.Record
		for n := range rapid.IntRange(1, 4).Draw(t, "batches") {
			b := &txn.Batch{Partition: txn.Partition{Topic: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic"), ID: int32(n)}}
			for i := range rapid.IntRange(0, 5).Draw(t, "records") {
				r := txn.Record{Value: fmt.Append(nil, n, " ", i), Offset: rapid.Int64Min(0).Draw(t, "offset"), Timestamp: rapid.Int64().Draw(t, "time")}
				if rapid.Bool().Draw(t, "key") {
					r.Key, r.Headers = []byte("key"), []txn.Header{{Key: "own"}, {Key: "two", Value: []byte("2")}}
				}
				b.Records = append(b.Records, r)
				r.Topic, r.Partition = b.Partition.Topic, b.Partition.ID
				sent = append(sent, r)
			}
			if err := errors.Join(source(b), task.flush()); err != nil {
				t.Fatal(err)
			}
		}
		if len(l.produced) != len(sent) {
			t.Fatalf("%d records for %d", len(l.produced), len(sent))
		}
		to := NewTask(&lend(3).Env)
		i := 0
		receiver := x.Receive(to, func() Push[string] {
			return func(v string) error {
				w := sent[i]
				c := to.culprit(0)
				if v != string(w.Value) || to.ts != w.Timestamp || c.Topic != w.Topic || c.Partition != w.Partition || c.Offset != w.Offset || *to.key.(*string) != v {
					t.Fatalf("record %d came as %q of %d, from %v", i, v, to.ts, c)
				}
				if (to.raw != nil) != raw {
					t.Fatalf("its source record is %v", to.raw)
				}
				if r := to.raw; r != nil && (!bytes.Equal(r.Key, w.Key) || (r.Key == nil) != (w.Key == nil) || !bytes.Equal(r.Value, w.Value) ||
					r.Timestamp != w.Timestamp || fmt.Sprint(r.Headers) != fmt.Sprint(w.Headers)) {
					t.Fatalf("its source record is %+v, want %+v", r, w)
				}
				i++
				return nil
			}
		})
		if err := receiver.Topic(&txn.Batch{Partition: txn.Partition{Topic: "repartition"}, Records: l.produced}); err != nil || i != len(sent) {
			t.Fatal(i, err)
		}
	})
}

// What a timer has made says so.
func TestRepartitionKeepsTimer(t *testing.T) {
	for _, o := range []Origin{{Offset: -5}, {Offset: 1 << 40}, {Partition: &txn.Partition{Topic: "t", ID: 7}, Offset: 9}} {
		got, rest, err := origins{}.read(append(o.append(nil), "rest"...))
		if err != nil || string(rest) != "rest" || got.Offset != o.Offset || (got.Partition == nil) != (o.Partition == nil) {
			t.Errorf("%+v came as %+v, %q, %v", o, got, rest, err)
		}
	}
}

// Whatever stands in a repartition topic, it is refused with its position, or read.
func TestRepartitionOfGarbage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &Exchange[string, string]{UID: "by", Codec: state.String{}, Values: state.String{}}
		r := txn.Record{Offset: 3, Value: append([]byte{repartitionRecord}, rapid.SliceOf(rapid.Byte()).Draw(t, "value")...)}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			r.Headers = append(r.Headers, txn.Header{Key: rapid.String().Draw(t, "header")})
		}
		task := NewTask(&lend(1).Env)
		err := x.Receive(task, func() Push[string] { return Tee[string](nil) }).Topic(&txn.Batch{Partition: txn.Partition{Topic: "p", ID: 1}, Records: []txn.Record{r}})
		var at *RecordError
		if err != nil && (!errors.As(err, &at) || !errors.Is(err, errMalformed) || at.Culprit != Culprit{UID: "by", Topic: "p", Partition: 1, Offset: 3}) {
			t.Fatal(err)
		}
	})
}
