package weirtest

import (
	"strings"
	"testing"
)

// TestTwoClusters: with outputs on a cluster of their own nothing is lost or doubled either, at any step, nor when the process that
// recovers dies as well.
func TestTwoClusters(t *testing.T) {
	for name, opts := range map[string][]Option{
		"exactly-once": {TwoClusters(), Twice()}, "at-least-once": {TwoClusters(), AtLeastOnce(), Twice()},
		"partitions": {TwoClusters(), Partitions(3), Epochs(2)},
	} {
		t.Run(name, func(t *testing.T) {
			records := input
			if name == "partitions" {
				records = On("in", Pair("x", "a"), Pair("y", "b"), Pair("x", "a"), Pair("z", "c"), Pair("y", "b"), Pair("x", "a"))
			}
			v := &verdicts{t: t}
			crashEverywhere(v, counts, records, newSettings(opts))
			if len(v.all) > 0 {
				t.Errorf("%d verdicts, the first: %s", len(v.all), v.all[0])
			}
			t.Log(v.summary)
			if name == "exactly-once" && !strings.Contains(v.summary, " 0 not met") {
				t.Error("a call of the run without faults was not made again")
			}
		})
	}
}
