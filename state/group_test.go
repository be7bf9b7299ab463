package state_test

import (
	"testing"

	"github.com/weirstream/weir/state"
)

// The vectors of Apache Kafka's own UtilsTest.testMurmur2, as Java's signed integers.
func TestKeyGroupIsKafkasPartition(t *testing.T) {
	for key, hash := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		for _, n := range []int{1, 3, 7, 128, 1000, state.MaxParallelismLimit} {
			want := uint16((hash & 0x7fffffff) % int32(n))
			if got := state.KeyGroup([]byte(key), n); got != want {
				t.Errorf("KeyGroup(%q, %d) = %d, want %d", key, n, got, want)
			}
		}
	}
	if got := state.KeyGroup([]byte("abc"), 0); got != 0 {
		t.Errorf("without key groups: %d", got)
	}
}

// Ranges cover all groups in order, differ in size by one at most, and TaskFor finds them.
func TestGroupRange(t *testing.T) {
	for _, groups := range []int{1, 2, 7, 128, 1000, state.MaxParallelismLimit} {
		for _, tasks := range []int{1, 2, 3, 5, 64, 127, 128, 200} {
			next, least, most := 0, groups, 0
			for task := range tasks {
				from, to := state.GroupRange(task, tasks, groups)
				if int(from) != next || to < from {
					t.Fatalf("task %d of %d: groups %d to %d, want from %d", task, tasks, from, to, next)
				}
				next = int(to)
				least, most = min(least, int(to-from)), max(most, int(to-from))
				for g := from; g < to; g++ {
					if got := state.TaskFor(g, tasks, groups); got != task {
						t.Fatalf("TaskFor(%d, %d, %d) = %d, want %d", g, tasks, groups, got, task)
					}
				}
			}
			if next != groups || most-least > 1 {
				t.Errorf("%d tasks cover %d of %d groups, %d to %d each", tasks, next, groups, least, most)
			}
		}
	}
}

// As Flink's KeyGroupRangeAssignment cuts them: its own tests' example of 10 groups in 3.
func TestGroupRangeAsFlink(t *testing.T) {
	for task, want := range [][2]uint16{{0, 4}, {4, 7}, {7, 10}} {
		if from, to := state.GroupRange(task, 3, 10); from != want[0] || to != want[1] {
			t.Errorf("task %d: %d to %d, want %v", task, from, to, want)
		}
	}
	for _, bad := range [][3]int{{-1, 3, 10}, {3, 3, 10}, {0, 0, 10}, {0, 3, 0}} {
		if from, to := state.GroupRange(bad[0], bad[1], bad[2]); from != 0 || to != 0 {
			t.Errorf("%v: %d to %d", bad, from, to)
		}
	}
}

func TestSplitKey(t *testing.T) {
	long := string(make([]byte, 300))
	for _, record := range []string{"", "k", "word", long} {
		key := append(state.AppendKey(nil, 300, 7, []byte(record)), "suffix"...)
		group, id, k, suffix, err := state.SplitKey(key)
		if err != nil || group != 300 || id != 7 || string(k) != record || string(suffix) != "suffix" {
			t.Errorf("%d %d %q %q %v", group, id, k, suffix, err)
		}
	}
	for _, bad := range []string{"", "abc", "abcd", "abcd\x05four", "abcd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "abcd\xff"} {
		if _, _, _, _, err := state.SplitKey([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
}
