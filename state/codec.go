package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Codec turns values of one type into bytes and back. Name is recorded with the state and must change when the bytes do.
//
// Append appends the bytes of v to dst, as append does, and leaves v alone. Decode must not keep b: it is overwritten
// soon. Both may be called from several goroutines.
type Codec[T any] interface {
	Append(dst []byte, v T) ([]byte, error)
	Decode(b []byte) (T, error)
	Name() string
}

// String keeps the bytes of the string as they are: as a map's key it sorts bytewise.
type String struct{}

func (String) Name() string                                { return "string" }
func (String) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }
func (String) Decode(b []byte) (string, error)             { return string(b), nil }
func (String) footprint(v string) int                      { return len(v) }

// Bytes keeps the bytes as they are. Setting a value copies it, so the caller may reuse its slice at once.
type Bytes struct{}

func (Bytes) Name() string                                { return "bytes" }
func (Bytes) Append(dst []byte, v []byte) ([]byte, error) { return append(dst, v...), nil }
func (Bytes) Decode(b []byte) ([]byte, error)             { return append([]byte{}, b...), nil }
func (Bytes) footprint(v []byte) int                      { return len(v) }
func (Bytes) clone(v []byte) []byte                       { return append([]byte{}, v...) }

// Int64 is 8 bytes, big-endian with the sign bit flipped: as a map's key it sorts by number.
type Int64 struct{}

const signBit = 1 << 63

func (Int64) Name() string { return "int64-be" }

func (Int64) Append(dst []byte, v int64) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, uint64(v)^signBit), nil
}

func (c Int64) Decode(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, decodeError(c.Name(), b, errLength(8))
	}
	return int64(binary.BigEndian.Uint64(b) ^ signBit), nil
}

func (Int64) footprint(int64) int { return 0 }

// Float64 is 8 bytes, IEEE 754 big-endian, the sign bit of positive numbers and all bits of negative ones flipped: as a map's key
// it sorts by number (-0 before 0, NaNs outermost). All bits are kept, those of a NaN too.
type Float64 struct{}

func (Float64) Name() string { return "float64-be" }

func (Float64) Append(dst []byte, v float64) ([]byte, error) {
	bits := math.Float64bits(v)
	if bits&signBit != 0 {
		bits = ^bits
	} else {
		bits |= signBit
	}
	return binary.BigEndian.AppendUint64(dst, bits), nil
}

func (c Float64) Decode(b []byte) (float64, error) {
	if len(b) != 8 {
		return 0, decodeError(c.Name(), b, errLength(8))
	}
	bits := binary.BigEndian.Uint64(b)
	if bits&signBit != 0 {
		bits &^= signBit
	} else {
		bits = ^bits
	}
	return math.Float64frombits(bits), nil
}

func (Float64) footprint(float64) int { return 0 }

// Bool is one byte, 0 or 1.
type Bool struct{}

func (Bool) Name() string { return "bool" }

func (Bool) Append(dst []byte, v bool) ([]byte, error) {
	if v {
		return append(dst, 1), nil
	}
	return append(dst, 0), nil
}

func (c Bool) Decode(b []byte) (bool, error) {
	if len(b) != 1 || b[0] > 1 {
		return false, decodeError(c.Name(), b, errors.New("want one byte, 0 or 1"))
	}
	return b[0] == 1, nil
}

func (Bool) footprint(bool) int { return 0 }

func errLength(want int) error { return fmt.Errorf("want %d bytes", want) }

func decodeError(codec string, b []byte, why error) error {
	return fmt.Errorf("codec %s can't decode %s: %w", codec, excerpt(b), why)
}
