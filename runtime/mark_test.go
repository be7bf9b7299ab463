package runtime

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
)

// The outcome of a valve is what its definition says, and never sinks.
func TestValve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "inputs")
		timeless := rapid.IntRange(0, 2).Draw(t, "timeless") // which never send any
		v := newValve(n + timeless)
		for i := range timeless {
			v.timeless[n+i] = true
		}
		have := make([]mark, n)
		for i := range have {
			have[i].wm = operators.NoWatermark
		}
		last := mark{wm: operators.NoWatermark}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			i := rapid.IntRange(0, n-1).Draw(t, "input")
			m := mark{wm: rapid.Int64Range(-5, 50).Draw(t, "wm"), idle: rapid.Bool().Draw(t, "idle")}
			if rapid.IntRange(0, 5).Draw(t, "ended") == 0 {
				m = ended
			}
			have[i] = mark{wm: max(have[i].wm, m.wm), idle: m.idle}
			now, changed := v.take(i, m)
			want := naive(have)
			want.wm = max(want.wm, last.wm)
			if now != want || changed != (want != last) {
				t.Fatalf("%v: got %v, %v; want %v after %v", have, now, changed, want, last)
			}
			last = now
		}
	})
}

func naive(have []mark) mark {
	least, most, all := int64(math.MaxInt64), int64(math.MinInt64), true
	going := slices.DeleteFunc(slices.Clone(have), func(m mark) bool { return m.wm == operators.EndOfTime })
	if len(going) == 0 {
		return mark{wm: operators.EndOfTime}
	}
	for _, m := range going {
		most = max(most, m.wm)
		if !m.idle {
			least, all = min(least, m.wm), false
		}
	}
	if all {
		return mark{wm: most, idle: true}
	}
	return mark{wm: least}
}

// A receiver that waits with a deadline is woken up in time, and by a message before it.
func TestInboxDeadline(t *testing.T) {
	b := newInbox(1, 1)
	b.begin(1)
	began := time.Now()
	m, ok, err := b.take(began.Add(20 * time.Millisecond))
	if m != (message{}) || !ok || err != nil || time.Since(began) < 20*time.Millisecond {
		t.Fatal(m, ok, err, time.Since(began))
	}
	go func() {
		time.Sleep(10 * time.Millisecond)
		b.put(0, batchOf(0, 1))
	}()
	if m, ok, err = b.take(time.Now().Add(time.Minute)); m.source == nil || !ok || err != nil {
		t.Fatal(m, ok, err)
	}
}

// A watermark comes to the receiver when all inputs have come so far; one behind a barrier not before the others have passed it.
func TestInboxMarks(t *testing.T) {
	b := newInbox(2, 4)
	b.begin(1)
	b.put(0, message{mark: &mark{wm: 5}})
	b.put(0, message{barrier: 1})
	b.put(0, message{mark: &mark{wm: 9}})
	b.put(1, message{mark: &mark{wm: 7}})
	b.put(1, message{barrier: 1})
	var got []any
	for range 3 {
		m, _, err := b.take(time.Now())
		switch {
		case err != nil:
			t.Fatal(err)
		case m.mark != nil:
			got = append(got, m.mark.wm)
		default:
			got = append(got, m.barrier)
		}
	}
	if got[0] != int64(5) || got[1] != uint64(1) || got[2] != int64(7) {
		t.Fatal(got)
	}
}

// Whatever the parallelism was and is, no task's event time goes on further than it was for one of its key groups.
func TestRecall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.IntRange(1, 40).Draw(t, "groups")
		parallelism := rapid.IntRange(1, groups)
		stage := &stream.Stage{UID: "by_key"}
		one := &shard{}
		tasks := func(p int) (all []*task) {
			in := &Instance{o: Options{MaxParallelism: groups}, topology: topology{parallelism: p}}
			for i := range p {
				all = append(all, &task{attempt: &attempt{in: in}, stage: stage, number: i, shard: one})
			}
			return all
		}
		s := &sealed{times: map[*task]mark{}}
		of := make([]int64, groups) // by key group; 0: none
		for _, before := range tasks(parallelism.Draw(t, "before")) {
			if rapid.IntRange(0, 4).Draw(t, "any") == 0 {
				continue
			}
			wm := rapid.Int64Range(1, 9).Draw(t, "wm")
			s.times[before] = mark{wm: wm}
			from, to := before.groups()
			for g := from; g < to; g++ {
				of[g] = wm
			}
		}
		var m checkpoint.Manifest
		s.remember(&m, one)
		for _, after := range tasks(parallelism.Draw(t, "after")) {
			from, to := after.groups()
			want := of[from]
			for g := from; g < to; g++ {
				want = min(want, of[g])
			}
			if got := after.recallGroups(&m); got != want {
				t.Fatalf("groups %d to %d go on at %d, want %d; %v", from, to, got, want, of)
			}
		}
	})
}
