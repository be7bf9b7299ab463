package jobs

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
)

// number is a JSON number: an int64 if it is whole and fits, however it is written, else a float64. Sums of integers are
// thus exact as long as they fit an int64; one that does not, or that has a fraction in it, is rounded as float64 are. The
// value alone decides on the form, so that a number is the same after it has been written and read.
type number struct {
	i     int64
	f     float64
	float bool
}

func parseNumber(b []byte) (number, error) {
	if i, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return number{i: i}, nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return number{}, errors.New("value is no JSON number that fits a float64")
	}
	return ofFloat(f), nil
}

func ofFloat(f float64) number {
	if f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63 {
		return number{i: int64(f)}
	}
	return number{f: f, float: true}
}

// UnmarshalJSON is for whatever the fast parser leaves to encoding/json.
func (n *number) UnmarshalJSON(b []byte) (err error) {
	if len(b) == 0 || (b[0] != '-' && (b[0] < '0' || b[0] > '9')) {
		return errors.New("value is not a number")
	}
	*n, err = parseNumber(b)
	return err
}

// MarshalJSON writes floats as encoding/json does.
func (n number) MarshalJSON() ([]byte, error) { return n.append(nil) }

func (n number) append(dst []byte) ([]byte, error) {
	if !n.float {
		return strconv.AppendInt(dst, n.i, 10), nil
	}
	b, err := json.Marshal(n.f)
	if err != nil {
		return dst, errors.New("the sum is beyond what a float64 can hold")
	}
	return append(dst, b...), nil
}

func (n number) add(m number) number {
	if !n.float && !m.float {
		sum := n.i + m.i
		if (sum > n.i) == (m.i > 0) {
			return number{i: sum}
		}
	}
	return ofFloat(n.float64() + m.float64())
}

func (n number) float64() float64 {
	if n.float {
		return n.f
	}
	return float64(n.i)
}

// above compares exactly: a float64 may be too coarse for an int64.
func (n number) above(limit int64) bool {
	if !n.float {
		return n.i > limit
	}
	if floor := math.Floor(n.f); floor >= -(1<<63) && floor < 1<<63 {
		return int64(floor) > limit || int64(floor) == limit && n.f > floor
	}
	return n.f > 0
}
