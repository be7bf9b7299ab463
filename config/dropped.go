package config

import "strings"

// parseDropped checks the text, which DroppedState reads.
func parseDropped(_ Spec, text string) (any, error) {
	words := droppedWords(text)
	for _, w := range words {
		if uid, _, _ := strings.Cut(w, "/"); uid == "" || len(words) > 1 && (uid == "true" || uid == "false") {
			return nil, errUnwanted
		}
	}
	return text, nil
}

// DroppedState is what may go at a start from a savepoint: "true" alone for all, nil for nothing, or operators by their uids, and their states and topics as uid/name.
func (c *Config) DroppedState() []string {
	if c.AllowDroppedState == "" || c.AllowDroppedState == "false" {
		return nil
	}
	return droppedWords(c.AllowDroppedState)
}

func droppedWords(text string) []string {
	words := strings.Split(text, ",")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
	}
	return words
}
