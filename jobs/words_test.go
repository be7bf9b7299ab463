package jobs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var nonWord = regexp.MustCompile(`\W+`)

// wordsByRegexp is the definition: Java's lower case, split on \W+, empty words dropped.
func wordsByRegexp(text string) []string {
	lower := strings.ToLower(strings.ReplaceAll(text, "İ", "i̇"))
	return slices.DeleteFunc(nonWord.Split(lower, -1), func(w string) bool { return w == "" })
}

func words(text string) []string {
	all := []string{}
	eachWord([]byte(text), func(w string) { all = append(all, w) })
	return all
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                       {},
		" -- ":                   {},
		"To be, or NOT to be":    {"to", "be", "or", "not", "to", "be"},
		"a_b 9x É1 straße":       {"a_b", "9x", "1", "stra", "e"},
		"\u212aelvin and \u212a": {"kelvin", "and", "k"},
		"\u0130stanbul":          {"i", "stanbul"},
		"bad\xffutf8 \xe2\x84":   {"bad", "utf8"},
	} {
		if got := words(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if got := wordsByRegexp(text); !slices.Equal(got, want) {
			t.Errorf("%q: the regexp gives %q, want %q", text, got, want)
		}
	}
}

func TestWordsEqualRegexp(t *testing.T) {
	piece := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[a-zA-Z0-9_ ,.]{0,12}`),
		rapid.SampledFrom([]string{"\u212a", "\u0130", "\xe2", "\x84\xaa", "\xc4", "\xb0", "\u0307", "ß", "Σ"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
		if got, want := words(text), wordsByRegexp(text); !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
	})
}
