//go:build integration

package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
)

// wordsPerLine is what a line of textGenerator has on average.
const wordsPerLine = 6

// textGenerator makes lines of words, some far more frequent than others.
type textGenerator struct {
	rng  *rand.Rand
	zipf *rand.Zipf
}

func newText(rng *rand.Rand) *textGenerator {
	return &textGenerator{rng: rng, zipf: rand.NewZipf(rng, 1.2, 4, 999)}
}

func (g *textGenerator) line() string {
	words := make([]string, 1+g.rng.IntN(2*wordsPerLine-1))
	for i := range words {
		words[i] = fmt.Sprintf("w%03d", g.zipf.Uint64())
	}
	return strings.Join(words, " ")
}

func (g *textGenerator) lines(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = g.line()
	}
	return all
}

// truth counts the words that the broker has accepted.
type truth struct {
	mu     sync.Mutex
	counts map[string]int
	total  int
}

func newTruth() *truth { return &truth{counts: map[string]int{}} }

// add counts the words of a generated line, which are parted by single spaces.
func (w *truth) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, word := range strings.Fields(line) {
		w.counts[word]++
		w.total++
	}
}

func (w *truth) words() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.total
}

func (w *truth) all() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.counts)
}
