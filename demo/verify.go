package demo

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

var nonWord = regexp.MustCompile(`\W+`)

// split is the definition of a word, in its simplest form. İ is lower-cased as the Unicode standard and Java have it, to an i
// and a combining dot; strings.ToLower drops the dot.
func split(line string) []string {
	line = strings.ToLower(strings.ReplaceAll(line, "İ", "i\u0307"))
	return slices.DeleteFunc(nonWord.Split(line, -1), func(w string) bool { return w == "" })
}

// recount counts the words of the input topic.
func recount(ctx context.Context, b *broker) (counts map[string]int64, lines int64, err error) {
	counts = map[string]int64{}
	err = b.readAll(ctx, inputTopic, func(r *kgo.Record) {
		lines++
		for _, w := range split(string(r.Value)) {
			counts[w]++
		}
	})
	return counts, lines, err
}

// outputs gathers what the committed output says of each word.
type outputs struct {
	total    int64
	highest  map[string]int64 // count that follows 1, 2, 3 … without a gap
	repeated int64            // counts that had come before
	wrong    []string         // examples of what must never be
	faults   int64
}

// add takes the next output, "word count", in the order of its partition.
func (o *outputs) add(key, value string) {
	o.total++
	word, number, _ := strings.Cut(value, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	last := o.highest[word]
	switch {
	case err != nil || word != key:
		o.fault("key %q has the value %q, expected its word and a count", key, value)
	case n == last+1:
		o.highest[word] = n
	case n <= last && n > 0:
		o.repeated++
		if o.repeated <= 5 {
			o.wrong = append(o.wrong, fmt.Sprintf("%q: count %d came after %d", word, n, last))
		}
	default:
		o.fault("%q: count %d came after %d", word, n, last)
		o.highest[word] = max(last, n) // the gap is told once
	}
}

func (o *outputs) fault(format string, args ...any) {
	o.faults++
	if o.faults <= 5 {
		o.wrong = append(o.wrong, fmt.Sprintf(format, args...))
	}
}

func readOutputs(ctx context.Context, b *broker) (*outputs, error) {
	o := &outputs{highest: map[string]int64{}}
	err := b.readAll(ctx, outputTopic, func(r *kgo.Record) { o.add(string(r.Key), string(r.Value)) })
	return o, err
}

// compare sees that the last count of every word is what the recount says.
func (o *outputs) compare(counts map[string]int64) {
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		if got := o.highest[word]; got != counts[word] {
			o.fault("%q: counted to %d, it came %d times", word, got, counts[word])
		}
	}
	for _, word := range slices.Sorted(maps.Keys(o.highest)) {
		if counts[word] == 0 {
			o.fault("%q: counted to %d, it is not in the input", word, o.highest[word])
		}
	}
}

// Verdict is what the recount found.
type Verdict struct {
	Lines, Words, Different int64 // of the input
	Outputs                 int64 // committed
	Repeated                int64 // outputs that had come before
	Faults                  int64 // lost, unordered, wrong
	Examples                []string
}

// verify recounts the input and compares the committed output with it.
func verify(ctx context.Context, b *broker) (Verdict, error) {
	counts, lines, err := recount(ctx, b)
	if err != nil {
		return Verdict{}, fmt.Errorf("recount the input: %w", err)
	}
	o, err := readOutputs(ctx, b)
	if err != nil {
		return Verdict{}, fmt.Errorf("read the output: %w", err)
	}
	o.compare(counts)
	v := Verdict{Lines: lines, Different: int64(len(counts)), Outputs: o.total, Repeated: o.repeated, Faults: o.faults, Examples: o.wrong}
	for _, n := range counts {
		v.Words += n
	}
	return v, nil
}

// Holds says whether the output is what the guarantee promises: under at-least-once outputs may repeat.
func (v Verdict) Holds(guarantee string) bool {
	return v.Faults == 0 && (v.Repeated == 0 || guarantee == "at-least-once")
}
