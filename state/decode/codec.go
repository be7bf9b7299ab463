package decode

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weirstream/weir/state"
)

// appendJSON appends the JSON of what a codec has encoded as b.
type appendJSON func(dst, b []byte) ([]byte, error)

var plain = map[string]appendJSON{
	"string":     appendString,
	"bytes":      func(dst, b []byte) ([]byte, error) { return append64(dst, b), nil },
	"int64-be":   appendInt,
	"float64-be": appendFloat,
	"bool":       appendBool,
	"json":       appendRaw,
	"window":     appendWindow,
	"nothing":    appendNothing,
}

// composed codecs have another one's name behind a colon.
var composed = map[string]func(inner appendJSON) appendJSON{
	"sessions": sessions,
	"counted":  counted,
	"held":     held,
}

// codec is how to show what the codec of this name has encoded.
func codec(name string) appendJSON {
	if f, ok := plain[name]; ok {
		return f
	}
	outer, inner, _ := strings.Cut(name, ":")
	if f, ok := composed[outer]; ok {
		return f(codec(inner))
	}
	return appendOpaque
}

func appendString(dst, b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return appendOpaque(dst, b)
	}
	return appendText(dst, string(b))
}

func appendText(dst []byte, s string) ([]byte, error) {
	b, err := json.Marshal(s)
	return append(dst, b...), err
}

func append64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

func appendOpaque(dst, b []byte) ([]byte, error) {
	return append(append64(append(dst, `{"base64":`...), b), '}'), nil
}

func appendInt(dst, b []byte) ([]byte, error) {
	n, err := state.Int64{}.Decode(b)
	return strconv.AppendInt(dst, n, 10), err
}

func appendFloat(dst, b []byte) ([]byte, error) {
	f, err := state.Float64{}.Decode(b)
	switch {
	case err != nil:
		return dst, err
	case math.IsNaN(f):
		return append(dst, `"NaN"`...), nil
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...), nil
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...), nil
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64), nil
}

func appendBool(dst, b []byte) ([]byte, error) {
	v, err := state.Bool{}.Decode(b)
	return strconv.AppendBool(dst, v), err
}

func appendRaw(dst, b []byte) ([]byte, error) {
	if !json.Valid(b) {
		return dst, fmt.Errorf("codec json can't have written %.40q", b)
	}
	return append(dst, b...), nil
}

func appendNothing(dst, b []byte) ([]byte, error) {
	if len(b) > 0 {
		return dst, fmt.Errorf("codec nothing can't have written %.40q", b)
	}
	return append(dst, "null"...), nil
}

const windowBytes = 16

func appendWindow(dst, b []byte) ([]byte, error) {
	if len(b) != windowBytes {
		return dst, fmt.Errorf("a window of %d bytes, want %d", len(b), windowBytes)
	}
	return append(appendSpan(dst, b), '}'), nil
}

// appendSpan leaves the object open.
func appendSpan(dst, b []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"start":`...), sortable(b), 10)
	return strconv.AppendInt(append(dst, `,"end":`...), sortable(b[8:]), 10)
}

// sortable reads a number that sorts bytewise.
func sortable(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

func sessions(inner appendJSON) appendJSON {
	return func(dst, b []byte) (_ []byte, err error) {
		dst = append(dst, '[')
		for first := true; len(b) > 0; first = false {
			if len(b) < windowBytes {
				return dst, errors.New("a session is cut short")
			}
			if !first {
				dst = append(dst, ',')
			}
			dst = append(appendSpan(dst, b), `,"value":`...)
			var acc []byte
			if acc, b, err = cut(b[windowBytes:]); err != nil {
				return dst, err
			}
			if dst, err = inner(dst, acc); err != nil {
				return dst, err
			}
			dst = append(dst, '}')
		}
		return append(dst, ']'), nil
	}
}

func counted(inner appendJSON) appendJSON {
	return func(dst, b []byte) ([]byte, error) {
		n, used := binary.Uvarint(b)
		if used <= 0 {
			return dst, errors.New("the number of records is cut short")
		}
		dst = strconv.AppendUint(append(dst, `{"count":`...), n, 10)
		dst, err := inner(append(dst, `,"value":`...), b[used:])
		return append(dst, '}'), err
	}
}

func held(inner appendJSON) appendJSON {
	return func(dst, b []byte) (_ []byte, err error) {
		dst = append(dst, '[')
		for first := true; len(b) > 0; first = false {
			if !first {
				dst = append(dst, ',')
			}
			var record []byte
			if record, b, err = cut(b); err != nil {
				return dst, err
			}
			if dst, err = inner(dst, record); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
}

// cut takes bytes behind their length from the front of b.
func cut(b []byte) (part, rest []byte, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, errors.New("a record is cut short")
	}
	b = b[used:]
	return b[:n], b[n:], nil
}
