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
		l := lend(1)
		l.Topic = func(int) string { return "repartition" }
		task := NewTask(&l.Env)
		if raw {
			task.KeepRaw()
		}
		twice := func(v string, emit func(string)) { emit(v); emit(v) }
		source := Source(task, "s", value, FlatMap(task, "twice", twice, x.Send(task)))
		var sent []txn.Record
		offset := int64(0)
		for n := range rapid.IntRange(1, 4).Draw(t, "batches") {
			b := &txn.Batch{Partition: txn.Partition{Topic: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic"), ID: int32(n)}}
			for i := range rapid.IntRange(0, 5).Draw(t, "records") {
				offset += rapid.Int64Range(1, 1<<50).Draw(t, "gap")
				r := txn.Record{Value: fmt.Append(nil, n, " ", i), Offset: offset, Timestamp: rapid.Int64().Draw(t, "time")}
				if rapid.Bool().Draw(t, "key") {
					r.Key, r.Headers = []byte("key"), []txn.Header{{Key: "own"}, {Key: "two", Value: []byte("2")}}
				}
				b.Records = append(b.Records, r)
				r.Topic, r.Partition = b.Partition.Topic, b.Partition.ID
				sent = append(sent, r)
			}
			if err := source(b); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "flush") && task.flush() != nil {
				t.Fatal("flush failed")
			}
		}
		if err := task.flush(); err != nil {
			t.Fatal(err)
		}
		to := NewTask(&lend(1).Env)
		i := 0
		receiver := x.Receive(to, func() Push[string] {
			return func(v string) error {
				w := sent[i/2]
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
		if err := receiver.Topic(&txn.Batch{Partition: txn.Partition{Topic: "repartition"}, Records: l.produced}); err != nil || i != 2*len(sent) {
			t.Fatal(i, err)
		}
	})
}

// What a timer has made says so, between records that were read.
func TestRepartitionKeepsTimers(t *testing.T) {
	task := NewTask(&lend(1).Env)
	p, q := &txn.Partition{Topic: "t", ID: 7}, &txn.Partition{Topic: "t", ID: 8}
	origins := []Origin{{Offset: -5}, {p, 9}, {p, 9}, {Offset: 1 << 40}, {p, 10}, {q, 10}, {p, 10}}
	var b []byte
	w, r := tracer{}, traces{known: map[txn.Partition]*txn.Partition{}}
	for _, o := range origins {
		task.origin = o
		b = w.append(b, task, true)
	}
	for _, o := range origins {
		var err error
		if b, err = r.read(task, b); err != nil {
			t.Fatal(err)
		}
		if got := task.origin; got.Offset != o.Offset || (got.Partition == nil) != (o.Partition == nil) || o.Partition != nil && *got.Partition != *o.Partition {
			t.Errorf("%+v came as %+v", o, got)
		}
	}
}

// Whatever stands in a repartition topic, it is refused with its position, or read.
func TestRepartitionOfGarbage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &Exchange[string, string]{UID: "by", Codec: state.String{}, Values: state.String{}}
		small := rapid.ByteRange(0, 20) // flags and lengths that are often right
		value := append([]byte{repartitionBatch}, rapid.SliceOf(small).Draw(t, "value")...)
		task := NewTask(&lend(1).Env)
		b := &txn.Batch{Partition: txn.Partition{Topic: "p", ID: 1}, Records: []txn.Record{{Offset: 3, Value: value}}}
		err := x.Receive(task, func() Push[string] { return Tee[string](nil) }).Topic(b)
		var at *RecordError
		if err != nil && (!errors.As(err, &at) || !errors.Is(err, errMalformed) || at.UID != "by") {
			t.Fatal(err)
		}
	})
}

// A batch that breaks off behind a whole trace is to blame itself, not the source record that the trace names; of keyed records and of broadcast ones.
func TestRepartitionBlamesTheBatch(t *testing.T) {
	keyed := &Exchange[string, string]{UID: "by", Codec: state.String{}, Values: state.String{}}
	sent := &BroadcastExchange[string]{UID: "by", Values: state.String{}}
	receivers := map[string]func(t *Task, build func() Push[string]) Receiver{"keyed": keyed.Receive, "broadcast": sent.Receive}
	for name, receive := range receivers {
		value := []byte{repartitionBatch, traceSource, 2, 'i', 'n', 3, 14, 9}
		b := &txn.Batch{Partition: txn.Partition{Topic: "repartition", ID: 1}, Records: []txn.Record{{Offset: 7, Value: value}}}
		err := receive(NewTask(&lend(1).Env), func() Push[string] { return Tee[string](nil) }).Topic(b)
		var at *RecordError
		if !errors.As(err, &at) || !errors.Is(err, errMalformed) || at.Topic != "repartition" || at.Partition != 1 || at.Offset != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
