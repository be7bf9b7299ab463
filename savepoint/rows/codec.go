package rows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/weirstream/weir/state"
)

// codec turns what a state's codec of some name has written into a cell, and back.
type codec interface {
	// kind is that of its cells, as a rule.
	kind() Kind
	// decode may use scratch for what the cell refers to.
	decode(scratch, b []byte) (Cell, error)
	encode(dst []byte, c Cell) ([]byte, error)
}

// codecOf finds the codec that a descriptor names. What is not known is shown as it is, in base64.
func codecOf(name string) (c codec, known bool) {
	switch name {
	case "string", "bytes":
		return text{}, true
	case "int64-be":
		return integer{}, true
	case "float64-be":
		return float{}, true
	case "bool":
		return boolean{}, true
	case "json":
		return document{}, true
	case "window":
		return window{}, true
	case "nothing", "none":
		return nothing{}, true
	}
	const deepest = 8 // no job nests them further, but a name may be anything
	kind, of, nested := strings.Cut(name, ":")
	if nested && strings.Count(of, ":") < deepest {
		inner, known := codecOf(of)
		switch kind {
		case "sessions":
			return sessions{inner}, known
		case "counted":
			return counted{inner}, known
		case "held":
			return held{inner}, known
		}
	}
	return raw{}, false
}

// raw shows bytes as they are.
type raw struct{}

func (raw) kind() Kind                       { return Bytes }
func (raw) decode(_, b []byte) (Cell, error) { return Cell{Kind: Bytes, Bytes: b}, nil }
func (raw) encode(dst []byte, c Cell) ([]byte, error) {
	b, err := c.bytesOf()
	return append(dst, b...), err
}

// text is strings, and bytes that may be one.
type text struct{ raw }

func (text) kind() Kind                       { return Text }
func (text) decode(_, b []byte) (Cell, error) { return textOf(b), nil }

type integer struct{}

func (integer) kind() Kind { return Int }

func (integer) decode(_, b []byte) (Cell, error) {
	i, err := state.Int64{}.Decode(b)
	return Cell{Kind: Int, Int: i}, err
}

func (integer) encode(dst []byte, c Cell) ([]byte, error) {
	i, err := c.intOf()
	if err != nil {
		return dst, err
	}
	return state.Int64{}.Append(dst, i)
}

type float struct{}

func (float) kind() Kind { return Float }

func (float) decode(_, b []byte) (Cell, error) {
	f, err := state.Float64{}.Decode(b)
	if again, _ := (state.Float64{}).Append(nil, math.NaN()); f != f && !bytes.Equal(b, again) {
		return Cell{Kind: Bytes, Bytes: b}, err // a NaN with something in it
	}
	return Cell{Kind: Float, Float: f}, err
}

func (float) encode(dst []byte, c Cell) ([]byte, error) {
	f, err := c.floatOf()
	if err != nil {
		if b, notBytes := c.bytesOf(); notBytes == nil && len(b) == 8 && c.AppendText(nil)[0] != '"' {
			return append(dst, b...), nil
		}
		return dst, err
	}
	return state.Float64{}.Append(dst, f)
}

type boolean struct{}

func (boolean) kind() Kind { return Bool }

func (boolean) decode(_, b []byte) (Cell, error) {
	v, err := state.Bool{}.Decode(b)
	c := Cell{Kind: Bool}
	if v {
		c.Int = 1
	}
	return c, err
}

func (boolean) encode(dst []byte, c Cell) ([]byte, error) {
	v, err := c.boolOf()
	if err != nil {
		return dst, err
	}
	return state.Bool{}.Append(dst, v)
}

// document is JSON, on one line.
type document struct{}

func (document) kind() Kind { return JSON }

func (document) decode(_, b []byte) (Cell, error) {
	if !json.Valid(b) {
		return Cell{}, fmt.Errorf("codec json: %s is no JSON", excerpt(b))
	}
	if bytes.ContainsAny(b, "\n\r") {
		var out bytes.Buffer
		if err := json.Compact(&out, b); err != nil {
			return Cell{}, err
		}
		b = out.Bytes()
	}
	return Cell{Kind: JSON, Bytes: b}, nil
}

func (document) encode(dst []byte, c Cell) ([]byte, error) {
	b, err := c.jsonOf()
	return append(dst, b...), err
}

// nothing takes no bytes.
type nothing struct{}

func (nothing) kind() Kind { return Null }

func (nothing) decode(_, b []byte) (Cell, error) {
	if len(b) > 0 {
		return Cell{}, fmt.Errorf("%s: expected no bytes", excerpt(b))
	}
	return Cell{}, nil
}

func (nothing) encode(dst []byte, c Cell) ([]byte, error) {
	if c.Kind != Null && len(c.Bytes) > 0 && string(c.Bytes) != "null" {
		return dst, c.wanted("nothing")
	}
	return dst, nil
}
