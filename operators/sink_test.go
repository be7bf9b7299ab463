package operators

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/txn"
)

func TestSinkFillsRecords(t *testing.T) {
	l := lend(1)
	task := NewTask(&l.Env)
	encode := func(v string, out *Output) error {
		switch v {
		case "untouched":
		case "empty":
			out.Key, out.Value = append(out.Buf(), ""...), append(out.Buf(), ""...)
		case "own":
			out.Key, out.Value = []byte("k"), []byte("v")
		case "all":
			out.Value, out.Key = append(out.Buf(), "vv"...), append(out.Buf(), "kk"...)
			out.Headers = []txn.Header{{Key: "h", Value: append(out.Buf(), "third"...)}}
			out.Timestamp, out.Partition = 5, 7
		}
		return nil
	}
	source := Source(task, "s", value, Sink(task, "sink", Destination{Topics: []string{"out"}}, encode))
	if err := source(batch("untouched", "empty", "own", "all", "untouched")); err != nil {
		t.Fatal(err)
	}
	if len(l.produced) != 0 {
		t.Fatal("produced before the flush")
	}
	if err := task.flush(); err != nil {
		t.Fatal(err)
	}
	r := l.produced
	for _, i := range []int{0, 4} {
		if r[i].Key != nil || r[i].Value != nil || r[i].Headers != nil || r[i].Timestamp != int64(1000+i) || r[i].Partition != txn.AnyPartition {
			t.Errorf("untouched: %#v", r[i])
		}
	}
	if r[1].Key == nil || r[1].Value == nil || len(r[1].Key)+len(r[1].Value) != 0 {
		t.Errorf("empty: %#v", r[1])
	}
	if string(r[2].Key)+string(r[2].Value) != "kv" || r[2].Topic != "out" {
		t.Errorf("own: %#v", r[2])
	}
	if string(r[3].Key)+string(r[3].Value) != "kkvv" || string(r[3].Headers[0].Value) != "third" || r[3].Timestamp != 5 || r[3].Partition != 7 {
		t.Errorf("all: %#v", r[3])
	}
}

func TestSinkRefusesPartition(t *testing.T) {
	task := NewTask(&lend(1).Env)
	encode := func(_ string, out *Output) error { out.Partition = -2; return nil }
	if err := Source(task, "s", value, Sink(task, "sink", Destination{Topics: []string{"out"}}, encode))(batch("a")); err == nil {
		t.Fatal("no error")
	}
}

// Records leave in order, in full loads and a rest, and two sinks of a chain share them.
func TestOutboxLoads(t *testing.T) {
	l := lend(1)
	task := NewTask(&l.Env)
	a, b := Sink(task, "a", Destination{Topics: []string{"a"}}, writeString), Sink(task, "b", Destination{Topics: []string{"b"}}, writeString)
	many := make([]string, outboxSize)
	if err := Source(task, "s", value, Tee([]Push[string]{a, b}))(batch(many...)); err != nil {
		t.Fatal(err)
	}
	if err := task.flush(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.loads, []int{outboxSize, outboxSize}) {
		t.Fatal(l.loads)
	}
	for i, r := range l.produced {
		if want := []string{"a", "b"}[i%2]; r.Topic != want {
			t.Fatalf("record %d is of sink %s", i, r.Topic)
		}
	}
}

func TestOutboxBoundsBytes(t *testing.T) {
	l := lend(1)
	task := NewTask(&l.Env)
	big := string(make([]byte, outboxBytes/2))
	if err := Source(task, "s", value, Sink(task, "a", Destination{Topics: []string{"a"}}, writeString))(batch(big, big, big)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.loads, []int{2}) {
		t.Fatal(l.loads)
	}
}

// Whatever is written, and in whatever sizes: it stays what it was until it is delivered.
func TestOutputsKeepTheirBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := lend(1)
		task := NewTask(&l.Env)
		size := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, 3*arenaChunk/2))
		var want [][2][]byte
		sink := Sink(task, "sink", Destination{Topics: []string{"out"}}, func(i int, out *Output) error {
			key := bytes.Repeat([]byte{byte(i)}, size.Draw(t, "key"))
			val := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, size.Draw(t, "value"))
			want = append(want, [2][]byte{key, val})
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				out.Key, out.Value = append(out.Buf(), key...), append(out.Buf(), val...)
			case 1:
				out.Value, out.Key = append(out.Buf(), val...), append(out.Buf(), key...)
			case 2:
				out.Key, out.Value = key, append(out.Buf(), val...)
			case 3: // thinks better of it
				_ = append(out.Buf(), "dropped"...)
				out.Key, out.Value = key, append(out.Buf(), val...)
			}
			return nil
		})
		for i := range rapid.IntRange(1, 60).Draw(t, "records") {
			if err := sink(i); err != nil {
				t.Fatal(err)
			}
		}
		if err := task.flush(); err != nil {
			t.Fatal(err)
		}
		for i, r := range l.produced {
			if !bytes.Equal(r.Key, want[i][0]) || !bytes.Equal(r.Value, want[i][1]) {
				t.Fatalf("record %d has changed", i)
			}
		}
	})
}
