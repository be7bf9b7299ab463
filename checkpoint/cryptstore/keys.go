package cryptstore

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

const keyBytes = 32

// key is one that files are encrypted with.
type key struct {
	secret [keyBytes]byte
	id     string
}

// Keys are those that may be needed; the first is for writing.
type Keys struct{ all []key }

// ID names the key for writing; it says nothing of the key itself.
func (k *Keys) ID() string { return k.all[0].id }

// ReadKeys reads a file of keys.
func ReadKeys(path string) (*Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("the file of keys %s cannot be read: %w; is the secret mounted?", path, err)
	}
	k, err := ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("the file of keys %s: %w", path, err)
	}
	return k, nil
}

// ParseKeys reads what stands in a file of keys. Errors don't show any of it.
func ParseKeys(text []byte) (*Keys, error) {
	keys := &Keys{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys.all = append(keys.all, k)
	}
	if lines.Err() != nil || len(keys.all) == 0 {
		return nil, errors.New("it has no key; make one with: openssl rand -base64 32")
	}
	return keys, nil
}

func parseKey(line string) (k key, err error) {
	b, err := hex.DecodeString(line)
	if err != nil || len(b) != keyBytes {
		b, err = base64.StdEncoding.DecodeString(line)
	}
	if err != nil || len(b) != keyBytes {
		return key{}, errors.New("expected 32 bytes in base64 or hexadecimal; make some with: openssl rand -base64 32")
	}
	copy(k.secret[:], b)
	id, err := hkdf.Key(sha256.New, b, nil, "weir checkpoint key id", 8)
	if err != nil {
		return key{}, err
	}
	k.id = hex.EncodeToString(id)
	return k, nil
}

// find returns the key of this id.
func (k *Keys) find(id string) (key, bool) {
	for _, candidate := range k.all {
		if candidate.id == id {
			return candidate, true
		}
	}
	return key{}, false
}

func (k *Keys) ids() string {
	ids := make([]string, len(k.all))
	for i := range k.all {
		ids[i] = k.all[i].id
	}
	return strings.Join(ids, ", ")
}

// String shows ids only: keys don't get into logs.
func (k *Keys) String() string { return "keys " + k.ids() }

// GoString is the same for %#v.
func (k *Keys) GoString() string { return k.String() }

// KeyError says that a file was encrypted with another key, or with none.
type KeyError struct {
	File string
	// Wants is the id of its key; empty: the file is not encrypted.
	Wants string
	Have  string // ids of the keys at hand
}

func (e *KeyError) Error() string {
	if e.Wants == "" {
		return fmt.Sprintf("%s is not encrypted, and WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE is set (keys %s): nobody can tell who wrote it. "+
			"To begin to encrypt, take a savepoint without the key and start from it in another store", e.File, e.Have)
	}
	if e.Have == "" {
		return fmt.Sprintf("%s was encrypted with key %s: WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE has to name a file with it", e.File, e.Wants)
	}
	return fmt.Sprintf("%s was encrypted with key %s; the file WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE holds %s: add the key to it", e.File, e.Wants, e.Have)
}
