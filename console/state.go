package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/decode"
)

// StateReader gives views of committed state.
type StateReader interface {
	ViewState(ctx context.Context, uid, name string, group uint16, onwards, fresh bool) (*runtime.StateView, error)
	KeyGroup(key []byte) uint16
}

// StateAnswer is what /api/v1/state/{uid}/{name} and …/{key} return.
type StateAnswer struct {
	// Checkpoint is the committed checkpoint that all of the answer is of; the header Weir-Checkpoint says it too.
	Checkpoint string         `json:"checkpoint"`
	Shard      int            `json:"shard"`
	UID        string         `json:"uid"`
	Name       string         `json:"name"`
	Kind       state.Kind     `json:"kind"`
	Entries    []decode.Entry `json:"entries"`
	// Next is the parameter `after` of the request that goes on from here; absent at the end.
	Next string `json:"next,omitempty"`
}

const (
	usualLimit       = 100
	mostLimit        = 10_000
	checkpointHeader = "Weir-Checkpoint"
)

func (s *Server) stateHandlers(mux *http.ServeMux, from StateReader) {
	mux.HandleFunc("GET /api/v1/state/{uid}/{name}/{key}", s.guarded(func(w http.ResponseWriter, r *http.Request) { s.stateOfKey(w, r, from) }))
	mux.HandleFunc("GET /api/v1/state/{uid}/{name}", s.guarded(func(w http.ResponseWriter, r *http.Request) { s.stateScan(w, r, from) }))
}

// badRequest is an error that the client can mend.
type badRequest struct{ error }

// stateOfKey answers with all entries of one record's key.
func (s *Server) stateOfKey(w http.ResponseWriter, r *http.Request, from StateReader) {
	q, err := parsePage(r)
	if err != nil {
		stateError(w, err)
		return
	}
	uid, name, text := r.PathValue("uid"), r.PathValue("name"), r.PathValue("key")
	// How the key is encoded is known once the state is, and where it lives once it is encoded: any shard of ours knows the former.
	some, err := anyView(r.Context(), from, uid, name, false)
	if err == nil {
		err = some.Close()
	}
	if err != nil {
		stateError(w, err)
		return
	}
	key, err := encodeKey(some.State, text, r.URL.Query().Get("encoding"))
	if err != nil {
		stateError(w, badRequest{err})
		return
	}
	v, err := q.find(r.Context(), from, some.State, key)
	if err != nil {
		stateError(w, err)
		return
	}
	a, err := q.read(v, q.after)
	if err == nil && len(a.Entries) == 0 && q.after == nil {
		w.Header().Set(checkpointHeader, a.Checkpoint)
		err = fmt.Errorf("%w: operator %q has nothing for key %q in state %q, as of checkpoint %s", errAbsent, uid, text, name, a.Checkpoint)
	}
	s.answerState(w, a, err)
}

// find opens the view that has a key, and notes where in it that is.
func (q *portion) find(ctx context.Context, from StateReader, d state.Descriptor, key []byte) (*runtime.StateView, error) {
	if d.Kind == state.KindBroadcast {
		v, err := anyView(ctx, from, d.UID, d.Name, q.fresh)
		if err == nil {
			q.lower = append(state.AppendKey(nil, v.From, v.State.ID, nil), key...)
			q.upper = append(bytes.Clone(q.lower), 0)
		}
		return v, err
	}
	v, err := from.ViewState(ctx, d.UID, d.Name, from.KeyGroup(key), false, q.fresh)
	if err == nil {
		q.lower = state.AppendKey(nil, from.KeyGroup(key), v.State.ID, key)
		q.upper = prefixEnd(q.lower)
	}
	return v, err
}

// anyView is of the first of our shards.
func anyView(ctx context.Context, from StateReader, uid, name string, fresh bool) (*runtime.StateView, error) {
	v, err := from.ViewState(ctx, uid, name, 0, true, fresh)
	if err == nil && v == nil {
		err = fmt.Errorf("%w: this instance has no part of the job's state", runtime.ErrNotReady)
	}
	return v, err
}

var errAbsent = errors.New("not found")

// stateScan answers with entries in the order in which they are stored: by key group, state, and encoded key.
func (s *Server) stateScan(w http.ResponseWriter, r *http.Request, from StateReader) {
	q, err := parsePage(r)
	if err != nil {
		stateError(w, err)
		return
	}
	group := uint16(0)
	if len(q.after) >= 2 {
		group = uint16(q.after[0])<<8 | uint16(q.after[1])
	}
	uid, name := r.PathValue("uid"), r.PathValue("name")
	v, err := from.ViewState(r.Context(), uid, name, group, true, q.fresh)
	if err != nil {
		stateError(w, err)
		return
	}
	if v == nil { // nothing of ours is left
		answerJSON(w, StateAnswer{UID: uid, Name: name, Entries: []decode.Entry{}})
		return
	}
	if codec := keyCodec(v.State); len(q.prefix) > 0 && codec != "" && codec != "string" {
		err := fmt.Errorf("prefix: the keys of this state are %s; a prefix needs strings", codec)
		stateError(w, badRequest{errors.Join(err, v.Close())})
		return
	}
	a, err := q.scan(v)
	s.answerState(w, a, err)
}

// keyCodec is the codec of what an entry is asked for by: the key of a record, or, of a broadcast state, which belongs to none, that of its map.
func keyCodec(d state.Descriptor) string {
	if d.Kind == state.KindBroadcast {
		return d.MapKeyCodec
	}
	return d.KeyCodec
}

func encodeKey(d state.Descriptor, text, encoding string) ([]byte, error) {
	switch encoding {
	case "":
		d.KeyCodec = keyCodec(d)
		return decode.ParseKey(d, text)
	case "base64":
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("key %q: it is no base64: %w", text, err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("encoding=%q: expected base64, or leave it out", encoding)
}

// parsePage reads what parameters say of the part that is wanted.
func parsePage(r *http.Request) (*portion, error) {
	q, p := r.URL.Query(), &portion{limit: usualLimit}
	var err error
	if text := q.Get("limit"); text != "" {
		if p.limit, err = strconv.Atoi(text); err != nil || p.limit < 1 || p.limit > mostLimit {
			return nil, badRequest{fmt.Errorf("limit=%q: expected 1 to %d", text, mostLimit)}
		}
	}
	if p.after, err = base64.RawURLEncoding.DecodeString(q.Get("after")); err != nil {
		return nil, badRequest{fmt.Errorf("after=%q: expected `next` of an earlier answer", q.Get("after"))}
	}
	if len(p.after) == 0 {
		p.after = nil
	}
	if text := q.Get("fresh"); text != "" {
		if p.fresh, err = strconv.ParseBool(text); err != nil {
			return nil, badRequest{fmt.Errorf("fresh=%q: expected true or false", text)}
		}
	}
	p.prefix = q.Get("prefix")
	return p, nil
}

func (s *Server) answerState(w http.ResponseWriter, a StateAnswer, err error) {
	if err != nil {
		stateError(w, err)
		return
	}
	w.Header().Set(checkpointHeader, a.Checkpoint)
	answerJSON(w, a)
}

// stateError answers with JSON that says what is wrong.
func stateError(w http.ResponseWriter, err error) {
	var bad badRequest
	var elsewhere *runtime.ElsewhereError
	code, body := http.StatusInternalServerError, map[string]any{"error": err.Error()}
	switch {
	case errors.As(err, &bad):
		code = http.StatusBadRequest
	case errors.As(err, &elsewhere):
		code = http.StatusMisdirectedRequest
		body["shard"], body["instance"], body["host"] = elsewhere.Shard, elsewhere.Instance, elsewhere.Host
	case errors.Is(err, runtime.ErrNoState), errors.Is(err, errAbsent):
		code = http.StatusNotFound
	case errors.Is(err, runtime.ErrNotReady):
		code = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	encodeJSON(w, body)
}
