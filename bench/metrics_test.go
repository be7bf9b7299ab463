//go:build bench && linux

package bench

import (
	"regexp"
	"strconv"
	"strings"
)

var phaseLine = regexp.MustCompile(`^weir_checkpoint_duration_seconds_(sum|count)\{.*phase="([a-z_]+)".*\} (.*)$`)

// phases are the mean durations of the phases of checkpoints in ms, and "n", how many there were.
func phases(p *process) map[string]float64 {
	text, err := p.get("/metrics")
	if err != nil {
		return nil // a build without
	}
	sum, count := map[string]float64{}, map[string]float64{}
	for line := range strings.Lines(text) {
		m := phaseLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		v, _ := strconv.ParseFloat(m[3], 64)
		if m[1] == "sum" {
			sum[m[2]] = v
		} else {
			count[m[2]] = v
		}
	}
	mean := map[string]float64{"n": count["total"]}
	for k := range sum {
		if count[k] > 0 {
			mean[k] = sum[k] / count[k] * 1000
		}
	}
	return mean
}
