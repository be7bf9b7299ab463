package config

import (
	"fmt"
	"strings"

	"github.com/weirstream/weir/checkpoint"
)

const masked = "********"

var secretWords = []string{"password", "passphrase", "secret", "key.pem", "jaas", "oauthbearer.config"}

// mask hides the value of a secret property, and shortens what has many lines (certificates).
func mask(property, text string) string {
	for _, word := range secretWords {
		if strings.Contains(property, word) {
			return masked
		}
	}
	if lines := strings.Count(text, "\n"); lines > 0 {
		return fmt.Sprintf("(%d lines)", lines+1)
	}
	return text
}

// maskURL hides what may be a secret in a URL.
func maskURL(text string) string { return checkpoint.RedactURL(text) }
