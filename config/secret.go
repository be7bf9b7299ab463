package config

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// kindSecret settings are masked wherever they are shown, and may be given by a variable with _FILE behind the name, which names a mounted secret.
const kindSecret = "secret"

const minSecret = 16

func parseSecret(_ Spec, text string) (any, error) {
	for _, c := range text {
		if c <= ' ' || c > '~' {
			return nil, errUnwanted
		}
	}
	if len(text) < minSecret {
		return nil, errUnwanted
	}
	return text, nil
}

// fileVariable is the variable that names the file of a secret.
func (s Spec) fileVariable() string { return s.Env + "_FILE" }

// fromFile reads a secret from the file that its variable with _FILE names; ok is false if there is none.
func (l *loader) fromFile(s Spec) (v value, ok bool) {
	name := s.fileVariable()
	path := l.env[name]
	if s.Kind != kindSecret || path == "" {
		return value{}, false
	}
	if l.env[s.Env] != "" {
		l.errs.add(name, path, "%s is set as well; set only one of them", s.Env)
	}
	text, err := readSecret(path)
	if err != nil {
		l.errs.add(name, path, "the file with the value of %s %v", s.Env, err)
	}
	return value{text: text, origin: FromFile, as: name}, true
}

// readSecret reads a mounted secret, which may end with a line break.
func readSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
			err = cause.Err
		}
		return "", errors.New("cannot be read: " + err.Error() + "; is the secret mounted?")
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if secret == "" {
		return "", errors.New("is empty")
	}
	return secret, nil
}
