// Package nearest finds what a misspelt name was most likely meant to be, for error messages.
package nearest

import "strings"

// Of returns the candidate that text was most likely meant to be, misspelt or cut short, or nothing if none is close.
func Of(text string, candidates []string) string {
	best, bestDistance := "", len(text)/4+2
	text = strings.ToLower(text)
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := distance(text, lower)
		if strings.HasPrefix(lower, text) {
			d = min(d, 2)
		}
		if d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete, replace or swap with a neighbour (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
