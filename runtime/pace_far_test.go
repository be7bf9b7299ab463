package runtime

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/txn"
)

// beside is what stands beside a committed offset.
func beside(t *testing.T, n int, wm int64, idle bool) txn.Position {
	t.Helper()
	s, err := checkpoint.Metadata{ID: checkpoint.MakeID("run", uint64(n)), Exchange: checkpoint.ExchangeKafka, Watermark: wm, Idle: idle}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return txn.Position{Metadata: s}
}

// What other instances are behind with is waited for, unless it is idle, has not begun, or its instance has not committed for long.
func TestPaceOfOtherInstances(t *testing.T) {
	c, own := paceOf(10*time.Millisecond, 1)
	c.far = &far{}
	other := txn.Partition{Topic: "t", ID: 7}
	c.note(own[0], mark{wm: 1000})
	none := func(txn.Partition) bool { return false }
	begun := time.Now()
	for n, look := range []struct {
		at   txn.Position
		held bool
	}{
		{beside(t, 1, operators.NoWatermark, false), false},
		{beside(t, 2, 5, true), false},
		{beside(t, 3, 5, false), true},
		{beside(t, 4, 990, false), false},
		{beside(t, 5, 989, false), true},
		{txn.Position{Metadata: "somebody's"}, false},
	} {
		c.far.take(map[txn.Partition]txn.Position{own[0]: beside(t, 1, 5, false), other: look.at}, begun)
		if held := slices.Contains(c.ahead(none, all), own[0]); held != look.held {
			t.Errorf("look %d: held is %v", n, held)
		}
		if held := c.ahead(none, none); held != nil {
			t.Errorf("look %d: held though the others don't block: %v", n, held)
		}
	}
	f := &far{}
	f.take(map[txn.Partition]txn.Position{other: beside(t, 1, 5, false)}, begun)
	seen := func(after time.Duration) (s string) {
		f.each(begun.Add(after), func(p txn.Partition, wm int64) { s += fmt.Sprint(p.ID, " ", wm) })
		return s
	}
	f.take(map[txn.Partition]txn.Position{other: beside(t, 1, 5, false)}, begun.Add(farLapses/2))
	if seen(farLapses-1) != "7 5" || seen(farLapses) != "" {
		t.Error("who has not committed for long is waited for, or who has is not")
	}
	f.take(map[txn.Partition]txn.Position{other: beside(t, 2, 5, false)}, begun.Add(farLapses))
	if seen(farLapses) != "7 5" {
		t.Error("who commits again is not waited for")
	}
}
