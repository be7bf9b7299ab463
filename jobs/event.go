package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weirstream/weir/stream"
)

// event is what classify reads: {"key","value","createdAt"}. Key and value must be there; createdAt, in milliseconds since the epoch, is 0 if
// it isn't. Other fields are ignored.
type event struct {
	Key       string
	Value     number
	CreatedAt int64
}

// labelledEvent is what it writes.
type labelledEvent struct {
	event
	label string
}

func decodeEvent(r *stream.Record) (event, error) { return parseEvent(r.Value) }

func encodeEvent(e labelledEvent, out *stream.Output) (err error) {
	out.Key = append(out.Buf(), e.Key...)
	out.Value, err = appendEvent(out.Buf(), e.event, e.label)
	return err
}

// parseEvent reads what encoding/json reads, in the usual form without it.
func parseEvent(b []byte) (event, error) {
	if e, ok := parseUsual(b); ok {
		return e, nil
	}
	return parseAny(b)
}

func parseAny(b []byte) (event, error) {
	var e struct {
		Key       *string `json:"key"`
		Value     *number `json:"value"`
		CreatedAt int64   `json:"createdAt"`
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return event{}, malformed(err)
	}
	if e.Key == nil || e.Value == nil {
		return event{}, errors.New(`the event lacks "key" or "value"`)
	}
	return event{*e.Key, *e.Value, e.CreatedAt}, nil
}

// malformed says what is wrong without showing any of the data, which errors end up in logs.
func malformed(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("the event is no JSON: syntax error at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return fmt.Errorf("the event's %q is of another type: want %s", kind.Field, kind.Type)
	}
	if kind != nil {
		return errors.New("the event is no JSON object")
	}
	return fmt.Errorf("the event is malformed: %w", err)
}

// appendEvent writes the event as JSON, with a label if there is one.
func appendEvent(dst []byte, e event, label string) (_ []byte, err error) {
	dst = append(dst, `{"key":`...)
	if dst, err = appendString(dst, e.Key); err != nil {
		return dst, err
	}
	dst = append(dst, `,"value":`...)
	if dst, err = e.Value.append(dst); err != nil {
		return dst, err
	}
	dst = append(dst, `,"createdAt":`...)
	dst, _ = number{i: e.CreatedAt}.append(dst)
	if label != "" {
		dst = append(append(append(dst, `,"label":"`...), label...), '"')
	}
	return append(dst, '}'), nil
}

func appendString(dst []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendAnyString(dst, s)
		}
	}
	return append(append(append(dst, '"'), s...), '"'), nil
}

// appendAnyString leaves <, > and & as they are, unlike json.Marshal.
func appendAnyString(dst []byte, s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...), err
}

// eventCodec keeps events as JSON, so that people and tools can read the state, at the price of the hand-driven form.
type eventCodec struct{}

func (eventCodec) Name() string { return "json" }

func (eventCodec) Schema() string { return `{"key":string,"value":number,"createdAt":int}` }

func (eventCodec) Append(dst []byte, e event) ([]byte, error) { return appendEvent(dst, e, "") }

func (eventCodec) Decode(b []byte) (event, error) { return parseEvent(b) }
