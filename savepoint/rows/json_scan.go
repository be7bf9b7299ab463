package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// jsonObject finds the fields of one JSON object. It looks into values only as far as to find their ends: whoever decodes them sees to the rest.
type jsonObject struct {
	b     []byte
	at    int
	names map[string]string // so that a name is allocated once
	row   Row
}

var errJSONEnd = errors.New("expected a JSON object, but it ends early")

// parse fills the row.
func (o *jsonObject) parse(b []byte) error {
	o.b, o.at = b, 0
	clear(o.row)
	if err := o.expect('{'); err != nil {
		return err
	}
	if o.space(); o.at < len(b) && b[o.at] == '}' {
		o.at++
		return o.end()
	}
	for {
		if err := o.field(); err != nil {
			return err
		}
		o.space()
		if o.at == len(b) {
			return errJSONEnd
		}
		o.at++
		switch b[o.at-1] {
		case ',':
		case '}':
			return o.end()
		default:
			return fmt.Errorf("expected a JSON object, but there is %q instead of a comma at byte %d", b[o.at-1], o.at)
		}
	}
}

func (o *jsonObject) field() error {
	if o.space(); o.at == len(o.b) || o.b[o.at] != '"' {
		return fmt.Errorf("expected a JSON object, but there is no name at byte %d", o.at+1)
	}
	from := o.at
	if err := o.text(); err != nil {
		return err
	}
	name, err := o.name(o.b[from:o.at])
	if err != nil {
		return err
	}
	if err := o.expect(':'); err != nil {
		return err
	}
	o.space()
	from = o.at
	if err := o.value(); err != nil {
		return err
	}
	if before, twice := o.row[name]; twice && !json.Valid(before.Bytes) { // nobody will decode it
		return fmt.Errorf("expected a JSON object, but the first value of %q is %s", name, excerpt(before.Bytes))
	}
	o.row[name] = Cell{Kind: JSON, Bytes: o.b[from:o.at]}
	return nil
}

func (o *jsonObject) name(quoted []byte) (string, error) {
	if name, ok := o.names[string(quoted)]; ok {
		return name, nil
	}
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		return "", err
	}
	const sane = 1000
	if len(o.names) < sane {
		o.names[string(quoted)] = name
	}
	return name, nil
}

func (o *jsonObject) space() {
	for o.at < len(o.b) && (o.b[o.at] == ' ' || o.b[o.at] == '\t' || o.b[o.at] == '\r' || o.b[o.at] == '\n') {
		o.at++
	}
}

func (o *jsonObject) expect(c byte) error {
	if o.space(); o.at == len(o.b) || o.b[o.at] != c {
		return fmt.Errorf("expected a JSON object, but there is no %q at byte %d", c, o.at+1)
	}
	o.at++
	return nil
}

func (o *jsonObject) end() error {
	if o.space(); o.at < len(o.b) {
		return fmt.Errorf("expected one JSON object, but more follows at byte %d", o.at+1)
	}
	return nil
}

// text goes to the end of a string.
func (o *jsonObject) text() error {
	for o.at++; o.at < len(o.b); o.at++ {
		switch o.b[o.at] {
		case '\\':
			o.at++
		case '"':
			o.at++
			return nil
		}
	}
	return errJSONEnd
}

// value goes to the end of any value.
func (o *jsonObject) value() error {
	from, depth := o.at, 0
	for o.at < len(o.b) {
		switch c := o.b[o.at]; {
		case c == '"':
			if err := o.text(); err != nil {
				return err
			}
		case c == '{' || c == '[':
			depth++
			o.at++
		case (c == '}' || c == ']') && depth > 0:
			depth--
			o.at++
		case depth == 0 && (c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r'):
			if o.at == from {
				return fmt.Errorf("expected a JSON object, but there is no value at byte %d", o.at+1)
			}
			return nil
		default:
			o.at++
			continue
		}
		if depth == 0 {
			return nil
		}
	}
	return errJSONEnd
}

// jsonString is what a JSON string says. What is no UTF-8 is refused: encoding/json would replace it.
func jsonString(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, fmt.Errorf(`%s is no UTF-8; expected {"base64":"…"} for other bytes`, excerpt(b))
	}
	plain := len(b) >= 2 && b[len(b)-1] == '"'
	for i := 1; plain && i < len(b)-1; i++ {
		plain = b[i] != '\\' && b[i] != '"' && b[i] >= ' '
	}
	if plain {
		return b[1 : len(b)-1], nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	return []byte(s), err
}
