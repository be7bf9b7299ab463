package console

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/decode"
)

// What one request may cost, whatever there is: the answer says where to go on.
const (
	mostBytes   = 8 << 20
	mostTime    = 2 * time.Second
	looksAtOnce = 1024 // entries between two looks at the clock
)

// portion is the part of a state that a request wants.
type portion struct {
	prefix string
	limit  int
	after  []byte // go on at this entry key
	fresh  bool

	lower, upper []byte
}

// reading is a request at work.
type reading struct {
	*portion
	decoder  *decode.Decoder
	answer   StateAnswer
	size     int
	seen     int
	deadline time.Time
	next     []byte // where to go on, as there is no room for more
	err      error
}

// scan reads from q.after on, over the key groups of the view, and leaves it closed.
func (q *portion) scan(v *runtime.StateView) (StateAnswer, error) {
	r := q.begin(v)
	if v.State.Kind == state.KindBroadcast {
		return r.scanCopy(v)
	}
	group := v.From
	if len(q.after) >= 2 {
		group = max(group, binary.BigEndian.Uint16(q.after))
	}
	for ; group < v.To && r.err == nil && r.next == nil; group++ {
		lower := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, group), v.State.ID)
		r.read(v, maxBytes(lower, q.after), prefixEnd(lower))
	}
	if r.next == nil && !v.Last {
		r.next = binary.BigEndian.AppendUint16(nil, v.To) // with the next shard
	}
	return r.end(v)
}

// scanCopy reads one copy of a broadcast state, of which each key group has one. The next request goes on in the first group that there is then.
func (r *reading) scanCopy(v *runtime.StateView) (StateAnswer, error) {
	lower := state.AppendKey(nil, v.From, v.State.ID, nil)
	from := lower
	if len(r.after) > 2 {
		from = binary.BigEndian.AppendUint16(nil, v.From)
		from = append(from, r.after[2:]...)
	}
	r.read(v, maxBytes(lower, from), prefixEnd(lower))
	if r.next != nil {
		binary.BigEndian.PutUint16(r.next, 0)
	}
	return r.end(v)
}

// read reads between q.lower and q.upper, and leaves the view closed.
func (q *portion) read(v *runtime.StateView, from []byte) (StateAnswer, error) {
	r := q.begin(v)
	r.read(v, maxBytes(q.lower, from), q.upper)
	return r.end(v)
}

func (q *portion) begin(v *runtime.StateView) *reading {
	return &reading{portion: q, decoder: decode.New(v.State), deadline: time.Now().Add(mostTime), answer: StateAnswer{
		Checkpoint: string(v.Checkpoint()), Shard: v.Shard, UID: v.State.UID, Name: v.State.Name, Kind: v.State.Kind, Entries: []decode.Entry{},
	}}
}

func (r *reading) end(v *runtime.StateView) (StateAnswer, error) {
	r.answer.Next = base64.RawURLEncoding.EncodeToString(r.next)
	return r.answer, errors.Join(r.err, v.Close())
}

func (r *reading) read(v *runtime.StateView, lower, upper []byte) {
	if bytes.Compare(lower, upper) >= 0 { // `after` is of another state
		return
	}
	err := v.Scan(lower, upper, func(key, value []byte) bool {
		if r.full() {
			r.next = bytes.Clone(key)
			return false
		}
		gone := false
		if v.Expired != nil {
			gone, r.err = v.Expired(key)
		}
		if r.err == nil && !gone {
			r.err = r.add(key, value)
		}
		return r.err == nil
	})
	r.err = errors.Join(r.err, err)
}

func (r *reading) full() bool {
	r.seen++
	return len(r.answer.Entries) >= r.limit || r.size >= mostBytes || r.seen%looksAtOnce == 0 && time.Now().After(r.deadline)
}

func (r *reading) add(key, value []byte) error {
	_, _, record, suffix, err := state.SplitKey(key)
	if err != nil {
		return fmt.Errorf("state %q of operator %q: %w", r.answer.Name, r.answer.UID, err)
	}
	named := record
	if r.answer.Kind == state.KindBroadcast {
		named = suffix
	}
	if !strings.HasPrefix(string(named), r.prefix) {
		return nil
	}
	e, err := r.decoder.Entry(record, suffix, value)
	if err != nil {
		return err
	}
	r.answer.Entries = append(r.answer.Entries, e)
	r.size += len(key) + len(value)
	return nil
}

// prefixEnd is the least key above all that begin with prefix, which has a byte below 0xff.
func prefixEnd(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func maxBytes(a, b []byte) []byte {
	if bytes.Compare(a, b) >= 0 {
		return a
	}
	return b
}
