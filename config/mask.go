package config

import (
	"fmt"
	"net/url"
	"strings"
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

// maskURL hides the password of a URL.
func maskURL(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}
