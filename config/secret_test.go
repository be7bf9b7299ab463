package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const token = "0123456789abcdef"

func TestSecretFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"WEIR_API_TOKEN=" + token, "WEIR_API_TOKEN_FILE=" + path} {
		c, err := load(t, nil, env)
		if err != nil || c.APIToken != token {
			t.Fatalf("%s: %q, %v", env, c.APIToken, err)
		}
		var out strings.Builder
		if err := c.Print(&out); err != nil || strings.Contains(out.String(), token) || !strings.Contains(out.String(), "WEIR_API_TOKEN=********  # ") {
			t.Errorf("printed: %s, %v", out.String(), err)
		}
	}
}

// A secret that cannot be used is explained without showing it.
func TestSecretRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  []string
		want string
	}{
		{[]string{"WEIR_API_TOKEN=short-one"}, `WEIR_API_TOKEN="********": expected at least 16 printable characters without spaces`},
		{[]string{"WEIR_API_TOKEN=with spaces in it all over"}, `WEIR_API_TOKEN="********": expected`},
		{[]string{"WEIR_API_TOKEN_FILE=/nowhere"}, `WEIR_API_TOKEN_FILE="/nowhere": the file with the value of WEIR_API_TOKEN cannot be read: no such file`},
		{[]string{"WEIR_API_TOKEN_FILE=" + empty}, `the file with the value of WEIR_API_TOKEN is empty`},
		{[]string{"WEIR_API_TOKEN=" + token, "WEIR_API_TOKEN_FILE=" + empty}, `WEIR_API_TOKEN is set as well; set only one of them`},
	} {
		_, err := load(t, nil, c.env...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "short-one") || strings.Contains(err.Error(), "all over") {
			t.Errorf("%v: %v", c.env, err)
		}
	}
}
