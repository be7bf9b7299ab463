package operators

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// words is an exchange of words, parted by their first letter, that can go either way.
func words() *Exchange[string, string] {
	return &Exchange[string, string]{
		UID: "by_letter", Codec: state.String{}, Values: state.String{},
		Key: func(v string) string { return v[:min(1, len(v))] },
	}
}

// crossed is a record behind an exchange.
type crossed struct {
	key, value string
	ts         int64
	group      uint16
}

// listen makes the receiving end of x and notes what comes.
func listen(t interface{ Fatal(...any) }, x *Exchange[string, string]) (Receiver, *[]crossed) {
	l := lend(1)
	reg, err := state.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.State = state.NewStore(nil, reg, state.Options{})
	task := NewTask(&l.Env)
	var got []crossed
	r := x.Receive(task, func() Push[string] {
		return func(v string) error {
			key := *task.key.(*string)
			got = append(got, crossed{key, v, task.ts, state.KeyGroup([]byte(key), l.MaxParallelism)})
			return nil
		}
	})
	return r, &got
}

// What goes through a repartition topic comes out at the same task, in the same order and with the same key and timestamp, as through memory.
func TestRepartitionIsAsMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 5).Draw(t, "parallelism")
		memory, topic := lend(parallelism), lend(parallelism)
		topic.Topic = func(int) string { return "repartition" }
		x := words()
		toMemory, toTopic := NewTask(&memory.Env), NewTask(&topic.Env)
		chains := []*Chain{
			toMemory.SourceChain(Source(toMemory, "s", value, x.Send(toMemory))),
			toTopic.SourceChain(Source(toTopic, "s", value, x.Send(toTopic))),
		}
		for _, values := range rapid.SliceOfN(rapid.SliceOfN(word(), 0, 20), 0, 6).Draw(t, "batches") {
			b := batch(values...)
			for i := range b.Records {
				b.Records[i].Timestamp = rapid.Int64().Draw(t, "timestamp")
			}
			flush := rapid.Bool().Draw(t, "flush")
			for _, c := range chains {
				if err := c.Source(b); err != nil {
					t.Fatal(err)
				}
				if flush && c.Flush() != nil {
					t.Fatal("flush failed")
				}
			}
		}
		for _, c := range chains {
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for target := range parallelism {
			checkCrossed(t, x, memory.sent[target], topic.produced, target, parallelism)
		}
	})
}

// word is short most often, and sometimes so long that few go into a batch.
func word() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		w := rapid.StringN(0, 6, -1).Draw(t, "word")
		if rapid.IntRange(0, 15).Draw(t, "long") == 0 {
			w += strings.Repeat("x", rapid.IntRange(1, repartitionBytes).Draw(t, "length"))
		}
		return w
	})
}

func checkCrossed(t *rapid.T, x *Exchange[string, string], batches []Batch, produced []txn.Record, target, parallelism int) {
	inMemory, want := listen(t, x)
	for _, b := range batches {
		if err := inMemory.Batch(b); err != nil {
			t.Fatal(err)
		}
	}
	inTopic, got := listen(t, x)
	through := &txn.Batch{Partition: txn.Partition{Topic: "repartition", ID: int32(target)}}
	for _, r := range produced {
		if r.Topic != "repartition" || r.Key != nil {
			t.Fatalf("a record for topic %q with key %q", r.Topic, r.Key)
		}
		if r.Partition == int32(target) {
			through.Records = append(through.Records, r)
		}
	}
	if err := inTopic.Topic(through); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(*want, *got) {
		t.Fatalf("task %d: through memory %v, through the topic %v", target, *want, *got)
	}
	for _, c := range *got {
		if task := state.TaskFor(c.group, parallelism, state.DefaultMaxParallelism); task != target {
			t.Fatalf("%+v is in partition %d, its key group belongs to task %d", c, target, task)
		}
	}
}

// Batches of a repartition topic are bounded: one that is full goes at once, and one record alone is as large as it is.
func TestRepartitionBounds(t *testing.T) {
	l := lend(1)
	l.Topic = func(int) string { return "repartition" }
	task := NewTask(&l.Env)
	push := words().Send(task)
	for range 100 {
		if err := push(strings.Repeat("x", repartitionBytes/8)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(push(strings.Repeat("x", 3*repartitionBytes)), task.flush()); err != nil {
		t.Fatal(err)
	}
	for i, r := range l.produced {
		if len(r.Value) > repartitionBytes+64 && i < len(l.produced)-1 {
			t.Errorf("batch %d has %d bytes", i, len(r.Value))
		}
	}
	if n := len(l.produced); n < 100/8 || n > 100/4 {
		t.Errorf("%d batches", n)
	}
}

// A codec that fails says so with its operator.
func TestRepartitionErrors(t *testing.T) {
	x := words()
	x.Values = broken{}
	l := lend(1)
	l.Topic = func(int) string { return "repartition" }
	err := x.Send(NewTask(&l.Env))("a")
	var where *RecordError
	if !errors.As(err, &where) || where.UID != x.UID || !errors.Is(err, errBroken) {
		t.Errorf("sending: %v", err)
	}
	in, _ := listen(t, x)
	b := &txn.Batch{Partition: txn.Partition{Topic: "repartition", ID: 2}, Records: []txn.Record{{Offset: 7, Value: []byte{repartitionBatch, 1, 2, 'i', 'n', 3, 14, 1, 'a', 2, 1, 'a'}}}}
	if err = in.Topic(b); !errors.As(err, &where) || where.Topic != "in" || where.Partition != 3 || where.Offset != 7 || !errors.Is(err, errBroken) {
		t.Errorf("receiving: %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{ state.String }

func (broken) Append([]byte, string) ([]byte, error) { return nil, errBroken }
func (broken) Decode([]byte) (string, error)         { return "", errBroken }

// What is written today is read tomorrow.
func TestRepartitionBytes(t *testing.T) {
	l := lend(1)
	l.Topic = func(int) string { return "repartition" }
	task := NewTask(&l.Env)
	push := words().Send(task)
	from := &txn.Partition{Topic: "in", ID: 3}
	for _, v := range []string{"ab", ""} {
		task.ts, task.origin = 1000, Origin{from, 7}
		if err := push(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := task.flush(); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%x", l.produced[0].Value)
	if want := "01" + "0102696e030e" + "0161" + "d00f" + "026162" + "020e" + "00" + "d00f" + "00"; got != want {
		t.Errorf("batch %s, want %s", got, want)
	}
	mark := fmt.Sprintf("%x", Mark{Sender: "text/0", Watermark: 1000, Idle: true}.Append(nil))
	if want := "02" + "d00f" + "01" + "746578742f30"; mark != want {
		t.Errorf("mark %s, want %s", mark, want)
	}
}

func TestMarkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Mark{Sender: rapid.StringN(1, 20, -1).Draw(t, "sender"), Watermark: rapid.Int64().Draw(t, "wm"), Idle: rapid.Bool().Draw(t, "idle")}
		got, ok, err := ReadMark(m.Append(nil))
		if got != m || !ok || err != nil {
			t.Fatalf("%+v became %+v, %v, %v", m, got, ok, err)
		}
	})
}

// TestEndFormat: docs/format.md, "Repartition topics".
func TestEndFormat(t *testing.T) {
	if end := fmt.Sprintf("%x", End{Sender: "text/0", Drain: "d1"}.Append(nil)); end != "03"+"02"+"6431"+"746578742f30" {
		t.Errorf("an end is %s", end)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := End{Sender: rapid.StringN(1, 20, -1).Draw(t, "sender"), Drain: rapid.StringN(1, 200, -1).Draw(t, "drain")}
		value := e.Append(nil)
		if got, ok, err := ReadEnd(value); got != e || !ok || err != nil {
			t.Fatalf("%+v is read as %+v, %v, %v", e, got, ok, err)
		}
		cut := rapid.IntRange(1, len(value)-len(e.Sender)).Draw(t, "cut")
		if got, _, err := ReadEnd(value[:cut]); err == nil {
			t.Fatalf("%x is read as %+v", value[:cut], got)
		}
	})
	for _, value := range [][]byte{nil, {repartitionBatch}, {repartitionMark, 0, 0, 'x'}} {
		if e, ok, err := ReadEnd(value); ok || err != nil {
			t.Errorf("%x is read as %+v, %v", value, e, err)
		}
	}
}

// Whatever is in a mark's place is a mark that is written the same way, no mark, or an error.
func FuzzReadMark(f *testing.F) {
	for _, seed := range [][]byte{nil, {repartitionMark}, {repartitionMark, 0x80}, {repartitionMark, 2, 2, 'a'}, {repartitionBatch}, {9},
		Mark{Sender: "a#1", Watermark: -1, Idle: true}.Append(nil)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok, err := ReadMark(b)
		if ok && err != nil || ok && m.Sender == "" {
			t.Fatalf("%x: %+v, %v", b, m, err)
		}
		if ok {
			if again, _, err := ReadMark(m.Append(nil)); again != m || err != nil {
				t.Fatalf("%x: %+v, then %+v, %v", b, m, again, err)
			}
		}
	})
}

// Nothing in a repartition topic makes a task panic: it is read, or it is an error that says where it is.
func FuzzRepartitioned(f *testing.F) {
	for _, seed := range [][]byte{nil, {0}, {repartitionBatch}, {repartitionBatch, 0}, {repartitionBatch, 1}, {repartitionBatch, 0, 200},
		{repartitionBatch, 0, 0, 1, 'a', 2, 1, 'b'}, {repartitionBatch, 1, 2, 'i', 'n', 3, 14, 1, 'a', 2, 1, 'b', 2, 16, 0, 0, 0},
		{repartitionBatch, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'a'}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		in, _ := listen(t, words())
		err := in.Topic(&txn.Batch{Partition: txn.Partition{Topic: "repartition"}, Records: []txn.Record{{Value: value, Offset: 7}}})
		var where *RecordError
		var panicked *PanicError
		if err != nil && (errors.As(err, &panicked) || !errors.As(err, &where) || where.Topic != "repartition" || where.Offset != 7) {
			t.Fatalf("%x: %v", value, err)
		}
	})
}
