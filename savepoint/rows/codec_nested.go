package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/weirstream/weir/operators"
)

// window is {"start":…,"end":…}, in ms since the epoch.
type window struct{}

func (window) kind() Kind { return JSON }

func (window) decode(scratch, b []byte) (Cell, error) {
	w, err := operators.WindowCodec{}.Decode(b)
	if err != nil {
		return Cell{}, err
	}
	return Cell{Kind: JSON, Bytes: appendWindow(scratch, w)}, nil
}

func appendWindow(dst []byte, w operators.Window) []byte {
	dst = strconv.AppendInt(append(dst, `{"start":`...), w.Start, 10)
	dst = strconv.AppendInt(append(dst, `,"end":`...), w.End, 10)
	return append(dst, '}')
}

func (window) encode(dst []byte, c Cell) ([]byte, error) {
	w, err := parseWindow(c)
	if err != nil {
		return dst, err
	}
	return operators.WindowCodec{}.Append(dst, w)
}

func parseWindow(c Cell) (w operators.Window, err error) {
	var o struct{ Start, End *moment }
	b, err := c.jsonOf()
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err == nil && (o.Start == nil || o.End == nil) {
		err = errors.New("start or end is missing")
	}
	if err != nil {
		return w, fmt.Errorf(`%s is no window, such as {"start":1700000000000,"end":"2023-11-14T23:00:00Z"}: %w`, excerpt(c.Bytes), err)
	}
	return operators.Window{Start: int64(*o.Start), End: int64(*o.End)}, nil
}

// moment is a time in ms since the epoch, which may be given as a date.
type moment int64

func (m *moment) UnmarshalJSON(b []byte) error {
	at, err := Cell{Kind: JSON, Bytes: b}.timeOf()
	*m = moment(at)
	return err
}

// timeOf reads ms since the epoch, or a date and time as RFC 3339 has them.
func (c Cell) timeOf() (int64, error) {
	if at, err := c.intOf(); err == nil {
		return at, nil
	}
	if c.Kind == Text || c.Kind == JSON {
		if b, err := c.bytesOf(); err == nil {
			if at, err := time.Parse(time.RFC3339Nano, string(b)); err == nil {
				return at.UnixMilli(), nil
			}
		}
	}
	return 0, c.wanted("a time: ms since the epoch, or a date and time such as 2023-11-14T23:00:00Z")
}

// sessions is the open sessions of a key: [{"start":…,"end":…,"value":…}].
type sessions struct{ of codec }

func (sessions) kind() Kind { return JSON }

func (s sessions) decode(scratch, b []byte) (Cell, error) {
	all, err := operators.SessionsCodec[[]byte]{Acc: plain{}}.Decode(b)
	if err != nil {
		return Cell{}, err
	}
	out := append(scratch, '[')
	for i, one := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendWindow(out, one.Window)
		c, err := s.of.decode(nil, one.Acc)
		if err != nil {
			return Cell{}, err
		}
		out = c.AppendJSON(append(out[:len(out)-1], `,"value":`...))
		out = append(out, '}')
	}
	return Cell{Kind: JSON, Bytes: append(out, ']')}, nil
}

func (s sessions) encode(dst []byte, c Cell) ([]byte, error) {
	b, err := c.jsonOf()
	if err != nil {
		return dst, err
	}
	var in []struct {
		Start, End *moment
		Value      json.RawMessage
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return dst, fmt.Errorf(`%s: expected [{"start":…,"end":…,"value":…}]: %w`, excerpt(b), err)
	}
	all := make([]operators.Session[[]byte], len(in))
	for i, one := range in {
		if one.Start == nil || one.End == nil {
			return dst, fmt.Errorf("%s: a session has no start or no end", excerpt(b))
		}
		all[i].Window = operators.Window{Start: int64(*one.Start), End: int64(*one.End)}
		if all[i].Acc, err = s.of.encode(nil, fromJSON(one.Value)); err != nil {
			return dst, err
		}
	}
	return operators.SessionsCodec[[]byte]{Acc: plain{}}.Append(dst, all)
}

// counted is the state of a count window: {"n":…,"value":…}.
type counted struct{ of codec }

func (counted) kind() Kind { return JSON }

func (c counted) decode(scratch, b []byte) (Cell, error) {
	v, err := operators.CountedCodec[[]byte]{Acc: plain{}}.Decode(b)
	if err != nil {
		return Cell{}, err
	}
	acc, err := c.of.decode(nil, v.Acc)
	if err != nil {
		return Cell{}, err
	}
	out := strconv.AppendInt(append(scratch, `{"n":`...), v.N, 10)
	out = acc.AppendJSON(append(out, `,"value":`...))
	return Cell{Kind: JSON, Bytes: append(out, '}')}, nil
}

func (c counted) encode(dst []byte, cell Cell) ([]byte, error) {
	b, err := cell.jsonOf()
	if err != nil {
		return dst, err
	}
	var in struct {
		N     *int64
		Value json.RawMessage
	}
	if err := json.Unmarshal(b, &in); err != nil || in.N == nil || *in.N < 0 {
		return dst, fmt.Errorf(`%s: expected {"n":…,"value":…}`, excerpt(b))
	}
	acc, err := c.of.encode(nil, fromJSON(in.Value))
	if err != nil {
		return dst, err
	}
	return operators.CountedCodec[[]byte]{Acc: plain{}}.Append(dst, operators.Counted[[]byte]{N: *in.N, Acc: acc})
}

// held is the records of a join that have the same time: [ … ].
type held struct{ of codec }

func (held) kind() Kind { return JSON }

func (h held) decode(scratch, b []byte) (Cell, error) {
	all, err := operators.HeldCodec[[]byte]{Of: plain{}}.Decode(b)
	if err != nil {
		return Cell{}, err
	}
	out := append(scratch, '[')
	for i, one := range all {
		if i > 0 {
			out = append(out, ',')
		}
		c, err := h.of.decode(nil, one)
		if err != nil {
			return Cell{}, err
		}
		out = c.AppendJSON(out)
	}
	return Cell{Kind: JSON, Bytes: append(out, ']')}, nil
}

func (h held) encode(dst []byte, c Cell) ([]byte, error) {
	b, err := c.jsonOf()
	if err != nil {
		return dst, err
	}
	var in []json.RawMessage
	if err := json.Unmarshal(b, &in); err != nil {
		return dst, fmt.Errorf("%s: expected a list: %w", excerpt(b), err)
	}
	all := make([][]byte, len(in))
	for i, one := range in {
		if all[i], err = h.of.encode(nil, fromJSON(one)); err != nil {
			return dst, err
		}
	}
	return operators.HeldCodec[[]byte]{Of: plain{}}.Append(dst, all)
}

// fromJSON is a part of a document as a cell; what is missing is Null.
func fromJSON(b json.RawMessage) Cell {
	if len(b) == 0 {
		return Cell{}
	}
	return Cell{Kind: JSON, Bytes: b}
}

// plain takes the bytes as they are.
type plain struct{}

func (plain) Name() string                                { return "plain" }
func (plain) Append(dst []byte, v []byte) ([]byte, error) { return append(dst, v...), nil }
func (plain) Decode(b []byte) ([]byte, error)             { return append([]byte{}, b...), nil }
