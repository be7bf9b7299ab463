//go:build bench && linux

package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (f figures) String() string {
	s := fmt.Sprintf("%7.0f records/s  %5.2f CPU s/M (whole %5.2f)  broker %4.2f  RSS %4.0f MiB  wall %5.1f s  others %.2f cores",
		f.Rate, f.CPU, f.CPUWhole, f.BrokerCPU, f.RSS, f.Wall, f.Others)
	if len(f.Threads) > 0 {
		s += "\n    CPU s/M by thread:" + pairs(f.Threads, "%.2f")
	}
	if len(f.Phases) > 0 {
		s += "\n    checkpoints, mean ms:" + pairs(f.Phases, "%.1f")
	}
	if f.Repeats > 0 {
		s += fmt.Sprintf("\n    %d outputs came again", f.Repeats)
	}
	return s
}

func pairs(m map[string]float64, format string) string {
	var s strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&s, " %s "+format, k, m[k])
	}
	return s.String()
}

// spread is the median of values, with the least and the greatest behind it.
func spread(values []float64, format string) string {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return "–"
	}
	m := fmt.Sprintf(format, median(s))
	if len(s) == 1 {
		return m
	}
	return fmt.Sprintf("%s ("+format+"–"+format+")", m, s[0], s[len(s)-1])
}

// median of sorted values.
func median(s []float64) float64 {
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// percentile of sorted values.
func percentile(s []float64, q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func (c *contender) column(of func(figures) float64) (v []float64) {
	for _, f := range c.results {
		v = append(v, of(f))
	}
	return v
}

// ratios compare each run with the bare loop's of the same round and interval.
func (c *contender) ratios(all []*contender, of func(c, bare figures) float64) (v []float64) {
	for _, b := range all {
		if !b.bare || c.bare || b.interval != c.interval {
			continue
		}
		for i := range min(len(c.results), len(b.results)) {
			v = append(v, of(c.results[i], b.results[i]))
		}
	}
	return v
}

// fan is the outputs of a record. Those are what is compared with the bare loop.
func (c *contender) fan() float64 { return float64(c.in.outputs) / float64(c.in.records) }

func throughputTable(all []*contender) string {
	var s strings.Builder
	s.WriteString("| run | records/s (thousands) | outputs/s ÷ bare | CPU s per million | CPU of bare ÷ CPU | broker CPU s/M | peak RSS MiB | other cores |\n|---|---|---|---|---|---|---|---|\n")
	for _, c := range all {
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", c,
			spread(c.column(func(f figures) float64 { return f.Rate / 1000 }), "%.0f"),
			spread(c.ratios(all, func(f, b figures) float64 { return f.Rate * c.fan() / b.Rate }), "%.2f"),
			spread(c.column(func(f figures) float64 { return f.CPU }), "%.2f"),
			spread(c.ratios(all, func(f, b figures) float64 { return b.CPU * c.fan() / f.CPU }), "%.2f"),
			spread(c.column(func(f figures) float64 { return f.BrokerCPU }), "%.2f"),
			spread(c.column(func(f figures) float64 { return f.RSS }), "%.0f"),
			spread(c.column(func(f figures) float64 { return f.Others }), "%.2f"))
	}
	return s.String()
}
