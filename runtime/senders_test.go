package runtime

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/txn"
)

// behind is the task of a stage of the lab's job in a shard.
func (in *Instance) behind(stage int, shard int, counts map[string]int) *task {
	return &task{attempt: &attempt{in: in, counts: counts}, stage: &in.o.Plan.Stages[stage], number: shard, shard: in.shards[shard]}
}

var labCounts = map[string]int{"l": 2, "r": 1, "lab-by_a-repartition": 3, "lab-by_b-repartition": 3}

// Whoever can write to the topics in front of a task is waited for, whichever instance it is in.
func TestSendersExpected(t *testing.T) {
	in := lab(t, memStore(t), 3)
	for stage, want := range map[int][]checkpoint.InputWatermark{
		2: {{Operator: "by_a", Sender: "l/0"}, {Operator: "by_a", Sender: "l/1"}},
		3: {{Operator: "by_b", Sender: "r/0"}, {Operator: "by_b", Sender: "first#0"}, {Operator: "by_b", Sender: "first#1"}, {Operator: "by_b", Sender: "first#2"}},
	} {
		if got := newSenders(in.behind(stage, 1, labCounts), &checkpoint.Manifest{}).names; !slices.Equal(got, want) {
			t.Errorf("stage %d waits for %v, want %v", stage, got, want)
		}
	}
	in.o.Plan.Stages[1].EventTime = false
	if got := newSenders(in.behind(3, 1, labCounts), &checkpoint.Manifest{}).valve.timeless; !slices.Equal(got, []bool{true, false, false, false}) {
		t.Errorf("stage 3 waits for all but %v, though only source \"right\" has no event time", got)
	}
	in.o.Exchange = ""
	if newSenders(in.behind(3, 1, labCounts), &checkpoint.Manifest{}) != nil {
		t.Error("a task that is fed in memory waits for marks in records")
	}
}

// What a task has heard of some of its senders outlives a restart also as long as it has no event time of its own, since others have sent nothing or have none.
func TestSendersRemembered(t *testing.T) {
	in := lab(t, memStore(t), 2)
	work := in.behind(3, 0, labCounts)
	work.time.mark.wm = operators.NoWatermark
	work.senders = newSenders(work, &checkpoint.Manifest{})
	if _, changed := work.senders.take("by_b", operators.Mark{Sender: "r/0", Watermark: 7}); changed {
		t.Fatal("one of three senders has moved event time")
	}
	if work.senders.end("by_b", operators.End{Sender: "first#1", Drain: "input"}) {
		t.Fatal("one of three ends was taken for all")
	}
	work.attempt.tasks, work.attempt.pending = []*task{work}, map[uint64]*alignment{}
	work.attempt.expect(1)
	work.attempt.passed(1, work, nil, 0)
	var m checkpoint.Manifest
	work.attempt.pending[1].sealed.remember(&m, work.shard)
	want := []checkpoint.InputWatermark{{Operator: "by_b", Sender: "first#1", Drained: "input"}, {Operator: "by_b", Sender: "r/0", Watermark: 7}}
	if !slices.Equal(m.Inputs, want) || len(m.Watermarks) != 0 {
		t.Errorf("the manifest says %+v and %+v, want %+v", m.Inputs, m.Watermarks, want)
	}
}

// sendable are watermarks as sources make them: never 0, which stands for none.
var sendable = rapid.Int64Range(-5, 50).Filter(func(wm int64) bool { return wm != 0 })

// Event time behind a repartition topic is the least of its senders', leaving out idle ones; it never goes back, outlives a restart, and
// does not wait for senders that the job no longer has.
func TestSenders(t *testing.T) {
	in := lab(t, memStore(t), 2)
	rapid.Check(t, func(t *rapid.T) {
		work := in.behind(3, 0, labCounts)
		work.time.mark.wm = operators.NoWatermark
		s := newSenders(work, &checkpoint.Manifest{})
		names := []string{"r/0", "first#0", "first#1"}
		have := []mark{{wm: operators.NoWatermark}, {wm: operators.NoWatermark}, {wm: operators.NoWatermark}}
		last := mark{wm: operators.NoWatermark}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0: // a restart, or another owner
				m := checkpoint.Manifest{Inputs: s.list()}
				work.time.mark.wm = last.wm
				s = newSenders(work, &m)
				if s.valve.now.wm != last.wm {
					t.Fatalf("restored at %v, was at %v", s.valve.now, last)
				}
				for i, name := range names {
					if at := s.index[checkpoint.InputWatermark{Operator: "by_b", Sender: name}]; have[i].wm != operators.NoWatermark && s.valve.inputs[at] != have[i] {
						t.Fatalf("%s is restored at %v, was at %v", name, s.valve.inputs[at], have[i])
					}
					if have[i].wm == operators.NoWatermark {
						have[i].idle = false // it has said nothing that would be kept
					}
				}
				last = s.valve.now
			case 1: // of a sender that there was before
				if now, changed := s.take("by_b", operators.Mark{Sender: "first#7", Watermark: 1000}); changed || now != last {
					t.Fatalf("a stranger's mark led from %v to %v", last, now)
				}
				if _, changed := s.take("by_a", operators.Mark{Sender: "r/0", Watermark: 1000}); changed {
					t.Fatal("a mark of another exchange was taken")
				}
			default:
				i := rapid.IntRange(0, 2).Draw(t, "sender")
				m := operators.Mark{Sender: names[i], Watermark: sendable.Draw(t, "wm"), Idle: rapid.Bool().Draw(t, "idle")}
				have[i] = mark{wm: max(have[i].wm, m.Watermark), idle: m.Idle}
				want := naive(have)
				want.wm = max(want.wm, last.wm)
				now, changed := s.take("by_b", m)
				if now != want || changed != (want != last) {
					t.Fatalf("%v: %v, %v after %v, want %v", have, now, changed, last, want)
				}
				last = now
			}
		}
	})
}

// A topic that has got more partitions has more senders: event time waits for them, and stays where it was.
func TestSendersJoin(t *testing.T) {
	in := lab(t, memStore(t), 1)
	work := in.behind(2, 0, labCounts)
	work.time.mark.wm = 30
	m := checkpoint.Manifest{Inputs: []checkpoint.InputWatermark{{Operator: "by_a", Sender: "l/0", Watermark: 40}, {Operator: "by_a", Sender: "l/1", Watermark: 30}}}
	more := map[string]int{"l": 3}
	work.attempt.counts = more
	s := newSenders(work, &m)
	if now, _ := s.take("by_a", operators.Mark{Sender: "l/1", Watermark: 50}); now.wm != 30 {
		t.Errorf("event time is at %d without a word of l/2", now.wm)
	}
	if now, _ := s.take("by_a", operators.Mark{Sender: "l/2", Watermark: 35}); now.wm != 35 {
		t.Errorf("event time is at %d, want 35", now.wm)
	}
	if now, _ := s.take("by_a", operators.Mark{Sender: "l/2", Watermark: math.MaxInt64, Idle: true}); now.wm != 40 {
		t.Errorf("event time is at %d, want 40", now.wm)
	}
}

// A record that is no mark and no batch is an error that says where it is.
func TestRepartitionedMalformed(t *testing.T) {
	in := lab(t, memStore(t), 1)
	work := in.behind(2, 0, labCounts)
	b := &txn.Batch{Partition: in.crossing(0, 0), Records: []txn.Record{{Offset: 9, Value: []byte{2, 0x80}}}}
	err := work.repartitioned(b)
	if err == nil || err.Error()[:len("lab-by_a-repartition[0]@9: ")] != "lab-by_a-repartition[0]@9: " {
		t.Error(err)
	}
}

// All senders have to have come to their ends by the same drain, those without event time too; what is known of it outlives a restart.
func TestSendersEnd(t *testing.T) {
	in := lab(t, memStore(t), 2)
	in.o.Plan.Stages[1].EventTime = false
	work := in.behind(3, 0, labCounts)
	s := newSenders(work, &checkpoint.Manifest{})
	names := []string{"r/0", "first#0", "first#1"}
	say := func(drain string, want bool, names ...string) {
		t.Helper()
		for i, name := range names {
			s = newSenders(work, &checkpoint.Manifest{Inputs: s.list()})
			if got := s.end("by_b", operators.End{Sender: name, Drain: drain}); got != (want && i == len(names)-1) {
				t.Fatalf("%s of %s: %v", name, drain, got)
			}
		}
	}
	say("one", false, names[:2]...)
	say("two", false, "first#1", "first#7") // a stranger
	say("two", true, names[:2]...)
	say("two", true, "r/0") // it had more, and has ended again
	if got := newSenders(work, &checkpoint.Manifest{Inputs: s.list()}).drainedBy(); got != "two" {
		t.Errorf("drained by %q", got)
	}
	if now, changed := s.take("by_b", operators.Mark{Sender: "r/0", Watermark: 50}); changed {
		t.Errorf("a sender without event time has led to %v", now)
	}
	say("three", false, "r/0")
	if got := s.drainedBy(); got != "" {
		t.Errorf("drained by %q", got)
	}
}
