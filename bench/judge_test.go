//go:build bench && linux

package bench

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// judge reads the committed output of a run.
type judge interface {
	see(r *kgo.Record)
	// verdict says what is wrong; repeats are how many outputs came again, which at-least-once may do.
	verdict() (repeats int, err error)
}

// once wants every number of a numbers input.
type once struct {
	seen    []bool
	missing int
	repeats int
	odd     int
}

func newOnce(records int) *once { return &once{seen: make([]bool, records), missing: records} }

func (j *once) see(r *kgo.Record) {
	n, err := strconv.Atoi(string(r.Value[:min(10, len(r.Value))]))
	switch {
	case err != nil || n >= len(j.seen) || len(r.Value) != 100:
		j.odd++
	case j.seen[n]:
		j.repeats++
	default:
		j.seen[n] = true
		j.missing--
	}
}

func (j *once) verdict() (int, error) {
	if j.missing > 0 || j.odd > 0 {
		return j.repeats, fmt.Errorf("%d outputs are missing, %d are none of the input", j.missing, j.odd)
	}
	return j.repeats, nil
}

// sums wants the running sums of every key in order, without gap or repeat.
type sums struct {
	want    map[string][]int64
	missing int
	wrong   int
	first   string
}

func newSums(keys, records int) *sums {
	j := &sums{want: make(map[string][]int64, keys), missing: records}
	g := newEvents(keys, false)
	for range records {
		key, _ := g.next()
		s := j.want[string(key)]
		sum := int64(g.value)
		if len(s) > 0 {
			sum += s[len(s)-1]
		}
		j.want[string(key)] = append(s, sum)
	}
	return j
}

func (j *sums) see(r *kgo.Record) {
	want := j.want[string(r.Key)]
	if len(want) == 0 || want[0] != field(r.Value, `"value":`) {
		j.wrong++
		if j.first == "" {
			j.first = fmt.Sprintf("key %s: %s, next sum wanted %v", r.Key, r.Value, want[:min(1, len(want))])
		}
		return
	}
	j.want[string(r.Key)] = want[1:]
	j.missing--
}

func (j *sums) verdict() (int, error) {
	if j.wrong > 0 || j.missing > 0 {
		return 0, fmt.Errorf("%d outputs are missing, %d are wrong: %s", j.missing, j.wrong, j.first)
	}
	return 0, nil
}

// field reads the whole number behind name.
func field(json []byte, name string) int64 {
	_, rest, ok := bytes.Cut(json, []byte(name))
	if !ok {
		return -1
	}
	end := bytes.IndexAny(rest, ",}")
	n, err := strconv.ParseInt(string(rest[:max(end, 0)]), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// counts wants 1, 2, … of every word, and as many of each as there are in the input.
type counts struct {
	last  map[string]int64
	lines int
	wrong int
	seen  int
}

func newCounts(lines int) *counts { return &counts{last: map[string]int64{}, lines: lines} }

func (j *counts) see(r *kgo.Record) {
	j.seen++
	space := bytes.IndexByte(r.Value, ' ')
	n, err := strconv.ParseInt(string(r.Value[space+1:]), 10, 64)
	word := string(r.Value[:max(space, 0)])
	if err != nil || n != j.last[word]+1 {
		j.wrong++
	}
	j.last[word] = n
}

func (j *counts) verdict() (int, error) {
	g := newLines()
	want := map[string]int64{}
	for range j.lines {
		_, line := g.next()
		for w := range bytes.FieldsSeq(bytes.ToLower(bytes.TrimSuffix(line, []byte(".")))) {
			want[string(w)]++
		}
	}
	for w, n := range want {
		if j.last[w] != n {
			j.wrong++
		}
	}
	if j.wrong > 0 || j.seen != j.lines*wordsPerLine {
		return 0, fmt.Errorf("%d of %d outputs, %d wrong counts", j.seen, j.lines*wordsPerLine, j.wrong)
	}
	return 0, nil
}
