package operators

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

var errUser = errors.New("user's error")

// Every place where a function of the job runs: its error and its panic name the operator and the record.
func TestFailuresAreLocated(t *testing.T) {
	fails := func(v string) error {
		switch v {
		case "error":
			return errUser
		case "panic":
			panic(errUser)
		}
		return nil
	}
	identity := func(v string) string { return v }
	chains := map[string]func(task *Task) func(*txn.Batch) error{
		"decode": func(task *Task) func(*txn.Batch) error {
			decode := func(r *txn.Record) (string, error) { return string(r.Value), fails(string(r.Value)) }
			return Source(task, "decode", decode, Tee[string](nil))
		},
		"map": func(task *Task) func(*txn.Batch) error {
			fn := func(v string) (string, error) { return v, fails(v) }
			return Source(task, "s", value, TryMap(task, "map", fn, Map(task, "next", identity, Tee[string](nil))))
		},
		"flatmap": func(task *Task) func(*txn.Batch) error {
			fn := func(v string, emit func(string)) error {
				emit(v) // the operators further down are left again before it fails
				return fails(v)
			}
			return Source(task, "s", value, TryFlatMap(task, "flatmap", fn, Map(task, "next", identity, Tee[string](nil))))
		},
		"sink": func(task *Task) func(*txn.Batch) error {
			encode := func(v string, _ *Output) error { return fails(v) }
			return Source(task, "s", value, Map(task, "before", identity, Sink(task, "sink", Destination{Topics: []string{"out"}}, encode)))
		},
		"codec": func(task *Task) func(*txn.Batch) error {
			x := &Exchange[string, string]{UID: "codec", Key: identity, Codec: failingCodec{fails: fails}}
			return Source(task, "s", value, x.Send(task))
		},
	}
	for uid, build := range chains {
		for _, how := range []string{"error", "panic"} {
			task := NewTask(&lend(1).Env)
			source := build(task)
			err := source(batch("fine", "fine", how))
			var at *RecordError
			if !errors.As(err, &at) || at.UID != uid || at.Topic != "in" || at.Partition != 3 || at.Offset != 102 {
				t.Errorf("%s, %s: got %v", uid, how, err)
			}
			if !errors.Is(err, errUser) {
				t.Errorf("%s, %s: the cause is lost: %v", uid, how, err)
			}
			var p *PanicError
			if errors.As(err, &p) != (how == "panic") || p != nil && (!strings.Contains(string(p.Stack), "TestFailuresAreLocated") || !strings.Contains(p.At, "TestFailuresAreLocated.func1 (error_test.go:")) {
				t.Errorf("%s, %s: panic is %v", uid, how, p)
			}
		}
	}
}

type failingCodec struct {
	state.String
	fails func(string) error
}

func (c failingCodec) Append(dst []byte, v string) ([]byte, error) { return dst, c.fails(v) }

func TestFailureBehindExchange(t *testing.T) {
	x := &Exchange[string, string]{UID: "by", Key: func(v string) string { return v }, Codec: state.String{}}
	from := lend(1)
	sender := NewTask(&from.Env)
	if err := Source(sender, "s", value, x.Send(sender))(batch("fine", "bad")); err != nil {
		t.Fatal(err)
	}
	if err := sender.flush(); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"error", "panic"} {
		task := NewTask(&lend(1).Env)
		receive := x.Receive(task, func() Push[string] {
			return Process(task, "p", func(ctx *Context[string, string], v string) error {
				ctx.Emit(v)
				if v == "bad" && how == "panic" {
					panic("with secrets")
				}
				return map[bool]error{true: errUser}[v == "bad"]
			}, Tee[string](nil))
		})
		b := from.sent[0][0].(*keyedBatch[string, string])
		again := &keyedBatch[string, string]{records: b.records, keys: b.keys}
		err := receive.Batch(again)
		var at *RecordError
		if !errors.As(err, &at) || at.Culprit != (Culprit{UID: "p", Topic: "in", Partition: 3, Offset: 101}) {
			t.Errorf("%s: got %v", how, err)
		}
		if strings.Contains(err.Error(), "secrets") || !strings.Contains(err.Error(), "record in[3]@101") {
			t.Errorf("%s: says %v", how, err)
		}
	}
}

// What the runtime answers is no failure of an operator: it comes back as it is.
func TestErrorsOfTheEnv(t *testing.T) {
	halted := errors.New("halted")
	l := lend(1)
	l.Produce = func([]txn.Record) error { return halted }
	l.Send = func(int, int, Batch) error { return halted }
	task := NewTask(&l.Env)
	x := &Exchange[string, string]{UID: "by", Key: func(v string) string { return v }, Codec: state.String{}}
	twice := func(v string, emit func(string)) error {
		emit(v)
		emit(v)
		return errUser // came later than what emit met
	}
	many := make([]string, outboxSize)
	for name, next := range map[string]Push[string]{
		"send":    TryFlatMap(task, "f", twice, x.Send(task)),
		"produce": TryFlatMap(task, "f", twice, Sink(task, "sink", Destination{Topics: []string{"out"}}, writeString)),
	} {
		quiet := func(v string) error { // let f's own error pass until the buffers are full
			if err := next(v); err != nil && !errors.Is(err, errUser) {
				return err
			}
			return nil
		}
		if err := Source(task, "s", value, quiet)(batch(many...)); !errors.Is(err, halted) || errors.As(err, new(*RecordError)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestForeignBatch(t *testing.T) {
	x := &Exchange[string, string]{UID: "by"}
	task := NewTask(&lend(1).Env)
	err := x.Receive(task, func() Push[string] { return Tee[string](nil) }).Batch(&keyedBatch[int, int]{})
	if !errors.Is(err, errForeignBatch) {
		t.Fatal(err)
	}
}
