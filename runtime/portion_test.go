package runtime

import (
	"testing"
	"time"
)

// Portions come to what fits into their time, whatever a record takes, and follow when that changes.
func TestPortion(t *testing.T) {
	var p portion
	p.begin(1, 1000, 1)
	for _, each := range []time.Duration{time.Microsecond, 100 * time.Microsecond, 5 * time.Millisecond, time.Second, 50 * time.Microsecond, 0} {
		for range 20 {
			p.took(p.max(), time.Duration(p.max())*each)
		}
		took := time.Duration(p.max()) * each
		if p.max() > 1 && took > portionTime || p.max() < 1000 && 2*took < portionTime/2 {
			t.Errorf("%d records at %v each: %v at a time, want about %v", p.max(), each, took, portionTime)
		}
	}
	p.took(0, time.Hour)
	if p.max() != 1000 {
		t.Errorf("%d after a message without records, want 1000", p.max())
	}
}

// The more inputs a task has, the more waits in front of a barrier.
func TestPortionOfManyInputs(t *testing.T) {
	for inputs, want := range map[int]time.Duration{0: portionTime, 1: portionTime, 8: portionTime / 2, 1000: portionLeast} {
		var p portion
		if p.begin(1, 1000, inputs); p.time != want {
			t.Errorf("%d inputs: %v at a time, want %v", inputs, p.time, want)
		}
	}
}
