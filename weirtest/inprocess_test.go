package weirtest

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// TestRecoversInProcess: an error of a transaction's calls, the fatal ones apart, is no reason for the process to end.
func TestRecoversInProcess(t *testing.T) {
	for _, g := range []twophase.Guarantee{twophase.ExactlyOnce, twophase.AtLeastOnce} {
		s := newSettings(nil)
		s.guarantee, s.repeats = g, g == twophase.AtLeastOnce
		e := &experiment{job: counts, input: input, settings: s}
		ends := 0
		run := func(f Fault) (verdict string) {
			synctest.Test(t, func(*testing.T) {
				w, _, v := e.run(f)
				if verdict = v; w != nil {
					ends = w.ends
				}
			})
			return verdict
		}
		synctest.Test(t, func(t *testing.T) {
			if v := e.learn(); v != "" {
				t.Fatal(v)
			}
		})
		run(Fault{})
		without := ends
		calls := []string{"begin", "produce", "flush", "send-offsets", "commit", "abort", "poll", "committed", "ends", "put-manifest"}
		for _, f := range e.faults() {
			if f.Class == 0 || !slices.Contains(calls, f.Call) || endsProcess(f) {
				continue
			}
			if v := run(f); v != "" || ends != without {
				t.Errorf("guarantee %d: %s: the process ended %d times, %d without a fault; %s", g, f, ends, without, v)
			}
		}
	}
}

// endsProcess: an instance whose membership is another's, or whose consumer is beyond help, ends.
func endsProcess(f Fault) bool {
	switch f.Class {
	case txn.ClassFatal:
		return f.Call != "put-manifest"
	case txn.ClassFenced, txn.ClassNewProducer:
		return f.Call == "poll"
	}
	return false
}

// TestPartitions: records of a key come from one partition, and keep their order whatever happens.
func TestPartitions(t *testing.T) {
	v := &verdicts{t: t}
	s := newSettings([]Option{Partitions(3), Epochs(2)})
	pairs := On("in", Pair("x", "a"), Pair("y", "b"), Pair("x", "a"), Pair("z", "c"), Pair("y", "b"), Pair("x", "a"))
	crashEverywhere(v, counts, pairs, s)
	if len(v.all) > 0 {
		t.Error(v.all[0])
	}
	t.Log(v.summary)
}
