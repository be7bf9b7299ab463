package checkpoint_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
)

// TestAligner plays steps "b<input>:<epoch>" (barrier) and "e<input>" (end); "!" after a step means that it completes the
// alignment, and a word that its error has.
func TestAligner(t *testing.T) {
	tests := []struct {
		name          string
		inputs        int
		steps         string
		held          string
		ended, during bool
	}{
		{"one input", 1, "b0:1! b0:2! b0:5!", "", false, false},
		{"two inputs", 2, "b0:1 b1:1! b1:2", "1", false, true},
		{"three inputs", 3, "b2:1 b0:1", "02", false, true},
		{"an end completes", 2, "b0:1 e1! b0:2!", "", false, false},
		{"all end", 2, "e0 e1", "", true, false},
		{"the held one ends", 2, "b0:1 e0 b1:1! b1:2!", "", false, false},
		{"all end while aligning", 3, "b0:1 e0 e1 e2!", "", true, false},
		{"twice", 2, "b0:1 b0:1=held", "0", false, true},
		{"next one from a held input", 2, "b0:1 b0:2=held", "0", false, true},
		{"another one", 2, "b0:1 b1:2=aligned", "0", false, true},
		{"an old one", 1, "b0:3! b0:3=ascend b0:2=ascend b0:4!", "", false, false},
		{"barrier 0", 1, "b0:0=ascend", "", false, false},
		{"after its end", 2, "e0 b0:1=ended e0=ended", "", false, false},
		{"no such input", 2, "b2:1=inputs e2=inputs b-1:1=inputs e-1=inputs", "", false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := checkpoint.NewAligner(test.inputs, 0)
			for _, step := range strings.Fields(test.steps) {
				alignStep(t, a, step)
			}
			held := ""
			for i := range test.inputs {
				if a.Held(i) {
					held += fmt.Sprint(i)
				}
			}
			if _, during := a.Aligning(); held != test.held || a.Ended() != test.ended || during != test.during {
				t.Errorf("held %q, ended %v, aligning %v; want %q, %v, %v", held, a.Ended(), during, test.held, test.ended, test.during)
			}
		})
	}
}

func alignStep(t *testing.T, a *checkpoint.Aligner, step string) {
	t.Helper()
	step, wantErr, _ := strings.Cut(step, "=")
	step, want := strings.CutSuffix(step, "!")
	var input int
	var epoch uint64
	var got bool
	var err error
	if strings.HasPrefix(step, "b") {
		_, _ = fmt.Sscanf(step, "b%d:%d", &input, &epoch)
		got, err = a.OnBarrier(input, epoch)
	} else {
		_, _ = fmt.Sscanf(step, "e%d", &input)
		got, err = a.OnEnd(input)
	}
	if got != want || (err != nil) != (wantErr != "") || err != nil && !strings.Contains(err.Error(), wantErr) {
		t.Errorf("%s: aligned %v, error %v; want %v, %q", step, got, err, want, wantErr)
	}
}

// TestAlignerRapid sends records and barriers over several inputs in any order that the aligner allows, against the definition: a record
// of epoch n+1 is processed only after the barriers n of all inputs, and every barrier is reported once.
func TestAlignerRapid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "inputs")
		after := rapid.Uint64Range(0, 3).Draw(t, "after")
		a := checkpoint.NewAligner(n, after)
		epoch := make([]uint64, n) // of the next record of the input
		ended := make([]bool, n)
		for i := range epoch {
			epoch[i] = after + 1
		}
		processing := after + 1 // records of this epoch may be processed
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, n-1).Draw(t, "input")
			if ended[i] {
				continue
			}
			if held := epoch[i] > processing; a.Held(i) != held {
				t.Fatalf("input %d is at epoch %d, processing %d: held is %v", i, epoch[i], processing, a.Held(i))
			}
			var aligned bool
			var err error
			switch what := rapid.SampledFrom([]string{"record", "barrier", "barrier", "end"}).Draw(t, "what"); {
			case what == "end" && rapid.IntRange(0, 5).Draw(t, "really") == 0:
				ended[i] = true
				aligned, err = a.OnEnd(i)
			case a.Held(i) || what == "record":
				continue // not read, or of epoch[i] == processing
			default:
				epoch[i]++
				aligned, err = a.OnBarrier(i, epoch[i]-1)
			}
			if err != nil {
				t.Fatal(err)
			}
			want := naiveAligned(epoch, ended, processing)
			if aligned != want {
				t.Fatalf("epochs %v, ended %v, processing %d: aligned %v, want %v", epoch, ended, processing, aligned, want)
			}
			if want {
				processing++
			}
		}
	})
}

// naiveAligned: somebody has passed barrier n, and nobody who lives has not.
func naiveAligned(epoch []uint64, ended []bool, n uint64) bool {
	passed := false
	for i := range epoch {
		if epoch[i] > n {
			passed = true
		} else if !ended[i] {
			return false
		}
	}
	return passed
}

func TestAlignerReset(t *testing.T) {
	a := checkpoint.NewAligner(2, 0)
	alignStep(t, a, "b0:1")
	alignStep(t, a, "e1!")
	alignStep(t, a, "b0:2!")
	a.Reset(2)
	for _, step := range []string{"b0:2=ascend", "b0:3", "b1:3!"} {
		alignStep(t, a, step)
	}
}
