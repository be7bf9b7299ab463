package runtime

import (
	"math"

	"github.com/weirstream/weir/operators"
)

// mark travels behind records: event time has come as far as wm. Nobody has to wait for an idle sender.
type mark struct {
	wm   int64
	idle bool
	// drained is the drain by which a source partition has come to its end; in what is committed only.
	drained string
}

// valve makes one watermark of those of several inputs: the least of them, leaving out idle ones and those that have come to the end of
// time, and never less than it was. If all are idle it is the most any of them had; when all have ended, it is the end.
type valve struct {
	inputs   []mark
	timeless []bool // inputs that have no event time, so that nobody waits for it
	now      mark
}

func newValve(n int) valve {
	v := valve{inputs: make([]mark, n), timeless: make([]bool, n), now: mark{wm: operators.NoWatermark}}
	for i := range v.inputs {
		v.inputs[i].wm = operators.NoWatermark
	}
	return v
}

// take notes the mark of an input. It says whether the outcome has changed.
func (v *valve) take(input int, m mark) (now mark, changed bool) {
	in := &v.inputs[input]
	in.wm, in.idle = max(in.wm, m.wm), m.idle
	least, most, idle := int64(math.MaxInt64), int64(math.MinInt64), true
	ended, going := false, false
	for n, i := range v.inputs {
		switch {
		case v.timeless[n]:
			continue
		case i.wm == operators.EndOfTime:
			ended = true
			continue
		}
		going = true
		most = max(most, i.wm)
		if !i.idle {
			least, idle = min(least, i.wm), false
		}
	}
	over := ended && !going
	if idle && !over {
		least = most
	}
	idle = idle && !over
	before := v.now
	v.now = mark{wm: max(v.now.wm, least), idle: idle}
	return v.now, v.now != before
}
