package rows

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind says what a Cell holds.
type Kind uint8

// The kinds of cells.
const (
	Null  Kind = iota
	Int        // Cell.Int
	Float      // Cell.Float
	Bool       // Cell.Int: 0 or 1
	Text       // Cell.Bytes: UTF-8
	JSON       // Cell.Bytes: any JSON value
	Bytes      // Cell.Bytes: anything
)

// Cell is one value of a row.
type Cell struct {
	Kind  Kind
	Int   int64
	Float float64
	Bytes []byte
}

// String is the cell as plain text; of a JSON string, what it says.
func (c Cell) String() string {
	if b, err := c.bytesOf(); err == nil {
		return string(b)
	}
	return string(c.AppendText(nil))
}

// textOf is Text if it is UTF-8, else Bytes.
func textOf(b []byte) Cell {
	if utf8.Valid(b) {
		return Cell{Kind: Text, Bytes: b}
	}
	return Cell{Kind: Bytes, Bytes: b}
}

// AppendJSON appends the cell as a JSON value. Bytes become {"base64":"…"}, and floats that JSON has no number for "NaN", "+Inf" or "-Inf".
func (c Cell) AppendJSON(dst []byte) []byte {
	switch c.Kind {
	case Int:
		return strconv.AppendInt(dst, c.Int, 10)
	case Float:
		return appendFloat(dst, c.Float)
	case Bool:
		return strconv.AppendBool(dst, c.Int != 0)
	case Text:
		return appendString(dst, c.Bytes)
	case JSON:
		return append(dst, c.Bytes...)
	case Bytes:
		dst = base64.StdEncoding.AppendEncode(append(dst, `{"base64":"`...), c.Bytes)
		return append(dst, `"}`...)
	}
	return append(dst, "null"...)
}

func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"+Inf"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Inf"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendString(dst, s []byte) []byte {
	for _, c := range s {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendAnyString(dst, s)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func appendAnyString(dst, s []byte) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(string(s)); err != nil { // a string always can be
		return append(dst, "null"...)
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

const base64Prefix = "base64:"

// AppendText appends the cell as plain text, for CSV: like JSON, but strings as they are, and Bytes, like a string that would be taken for them, as
// base64:….
func (c Cell) AppendText(dst []byte) []byte {
	switch {
	case c.Kind == Null:
		return dst
	case c.Kind == Text && !bytes.HasPrefix(c.Bytes, []byte(base64Prefix)) && bytes.IndexByte(c.Bytes, '\r') < 0: // which CSV would lose
		return append(dst, c.Bytes...)
	case c.Kind == Text || c.Kind == Bytes:
		return base64.StdEncoding.AppendEncode(append(dst, base64Prefix...), c.Bytes)
	case c.Kind == Float:
		return bytes.Trim(appendFloat(dst, c.Float), `"`)
	}
	return c.AppendJSON(dst)
}

// bytesOf reads a cell that stands for bytes.
func (c Cell) bytesOf() ([]byte, error) {
	switch c.Kind {
	case Text:
		rest, ok := strings.CutPrefix(string(c.Bytes), base64Prefix)
		if !ok {
			return c.Bytes, nil
		}
		b, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return nil, fmt.Errorf("%q: what follows %q is no base64: %w", c.Bytes, base64Prefix, err)
		}
		return b, nil
	case Bytes:
		return c.Bytes, nil
	case JSON:
		return jsonBytes(c.Bytes)
	}
	return nil, c.wanted("a string")
}

func jsonBytes(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == '"' {
		return jsonString(b)
	}
	var o struct {
		Base64 *[]byte `json:"base64"`
	}
	if len(b) > 0 && b[0] == '{' && json.Unmarshal(b, &o) == nil && o.Base64 != nil {
		return *o.Base64, nil
	}
	return nil, fmt.Errorf(`%s: expected a JSON string or {"base64":"…"}`, excerpt(b))
}

// intOf reads a cell that stands for an integer.
func (c Cell) intOf() (int64, error) {
	switch c.Kind {
	case Int:
		return c.Int, nil
	case Float:
		if i := int64(c.Float); float64(i) == c.Float && math.Abs(c.Float) < 1<<53 {
			return i, nil
		}
	case Text, JSON:
		if i, err := strconv.ParseInt(string(c.Bytes), 10, 64); err == nil {
			return i, nil
		}
	}
	return 0, c.wanted("an integer of 64 bits")
}

func (c Cell) floatOf() (float64, error) {
	switch c.Kind {
	case Int:
		return float64(c.Int), nil
	case Float:
		return c.Float, nil
	case Text, JSON:
		if f, err := strconv.ParseFloat(strings.Trim(string(c.Bytes), `"`), 64); err == nil {
			return f, nil
		}
	}
	return 0, c.wanted("a number")
}

func (c Cell) boolOf() (bool, error) {
	switch c.Kind {
	case Bool:
		return c.Int != 0, nil
	case Text, JSON:
		if s := string(c.Bytes); s == "true" || s == "false" {
			return s == "true", nil
		}
	}
	return false, c.wanted("true or false")
}

// jsonOf is any cell as compact JSON. Text is JSON already.
func (c Cell) jsonOf() ([]byte, error) {
	b := c.Bytes
	switch c.Kind {
	case Null:
		return nil, errors.New("there is no value")
	case Text, JSON, Bytes:
	default:
		b = c.AppendJSON(nil)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		return nil, fmt.Errorf("%s: expected JSON: %w", excerpt(b), err)
	}
	return out.Bytes(), nil
}

func (c Cell) wanted(what string) error {
	return fmt.Errorf("%s: expected %s", excerpt(c.AppendText(nil)), what)
}

func excerpt(b []byte) string {
	const most = 64
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
