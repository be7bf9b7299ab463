package blobstore

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// newTransport has connections of its own, so that closing the store lets them go, and none that waits for ever.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = deleters
	t.ResponseHeaderTimeout = 5 * time.Minute
	return t
}

// secretFrom reads a mounted secret.
func secretFrom(parameter, file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("parameter %s: %w", parameter, err)
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("parameter %s: file %s is empty", parameter, file)
	}
	return secret, nil
}
