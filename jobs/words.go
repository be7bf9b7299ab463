package jobs

import "unsafe"

// class maps the bytes of ASCII word characters (those of \w) to their lower case and all others to 0.
var class = func() (c [256]byte) {
	for b := '0'; b <= '9'; b++ {
		c[b] = byte(b)
	}
	for b := 'a'; b <= 'z'; b++ {
		c[b], c[b-'a'+'A'] = byte(b), byte(b)
	}
	c['_'] = '_'
	return c
}()

// eachWord emits the words of a text: lower-cased, split on \W+, without empty ones. As in Java's toLowerCase and unlike in
// Go's, İ becomes an i and a combining dot, and so ends a word.
//
// Two letters beyond ASCII have an ASCII lower case, K (the Kelvin sign) and İ; all else beyond it parts words.
func eachWord(text []byte, emit func(string)) {
	// The words share one allocation, which lives until the last of them has been dealt with.
	lower := make([]byte, 0, len(text))
	begin := 0
	for i := 0; i < len(text); i++ {
		c := class[text[i]]
		if c != 0 {
			lower = append(lower, c)
			continue
		}
		ends := true
		if text[i] >= 0x80 {
			c, ends = beyondASCII(text[i:])
			if c != 0 {
				lower = append(lower, c)
			}
			if !ends {
				i += len("\u212a") - 1
			}
		}
		if ends && len(lower) > begin {
			emit(unsafe.String(&lower[begin], len(lower)-begin))
			begin = len(lower)
		}
	}
	if len(lower) > begin {
		emit(unsafe.String(&lower[begin], len(lower)-begin))
	}
}

// beyondASCII is the ASCII part of the lower case of the letter that text begins with, 0 if it has none, and
// whether the letter ends a word.
func beyondASCII(text []byte) (c byte, ends bool) {
	switch {
	case len(text) >= 3 && string(text[:3]) == "\u212a": // Kelvin sign
		return 'k', false
	case len(text) >= 2 && string(text[:2]) == "\u0130": // İ
		return 'i', true
	}
	return 0, true
}
