package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

const groups = 8

// shards are the committed state of a job in two shards, of which some are ours.
type shards struct {
	backends [2]*memory.Backend
	ours     [2]bool
	states   []state.Descriptor
	expired  func(key []byte) (bool, error)
	err      error
}

func (s *shards) KeyGroup(key []byte) uint16 { return state.KeyGroup(key, groups) }

func (s *shards) ViewState(_ context.Context, uid, name string, group uint16, onwards, _ bool) (*runtime.StateView, error) {
	if s.err != nil {
		return nil, s.err
	}
	i := state.TaskFor(group, 2, groups)
	for onwards && i < 2 && !s.ours[i] {
		i++
	}
	if i >= 2 {
		return nil, nil
	}
	if !s.ours[i] {
		return nil, &runtime.ElsewhereError{Group: group, Shard: i, Instance: "pod-1", Host: "10.0.0.7"}
	}
	for _, d := range s.states {
		if d.UID == uid && d.Name == name {
			snap, err := s.backends[i].Snapshot()
			from, to := state.GroupRange(i, 2, groups)
			return &runtime.StateView{Snapshot: snap, State: d, Shard: i, From: from, To: to, Last: i == 1, Expired: s.expired}, err
		}
	}
	return nil, fmt.Errorf("%w: operator %q has no state %q", runtime.ErrNoState, uid, name)
}

// newShards fills two shards with 100 counts, one list and one map.
func newShards(t *testing.T) *shards {
	return filled(t, func(i int, store *state.Store) error {
		byString := state.WithKeyCodec("string")
		count, err1 := state.NewValue(store, "count", "sum", state.Codec[int64](state.Int64{}), byString)
		list, err2 := state.NewList(store, "count", "last", state.Codec[string](state.String{}), byString)
		opaque, err3 := state.NewValue(store, "count", "opaque", state.Codec[string](state.String{}), state.WithKeyCodec("their-own"))
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		var err error
		for n := range int64(100) {
			key := fmt.Appendf(nil, "k%02d/%d", n, n%3)
			group := state.KeyGroup(key, groups)
			if state.TaskFor(group, 2, groups) != i {
				continue
			}
			store.SetKey(group, key)
			err = errors.Join(err, count.Set(n), opaque.Set("x"))
			if n == 7 {
				err = errors.Join(err, list.Add("a"), list.Add("b"))
			}
		}
		return err
	})
}

// filled are two shards with what fill puts into each.
func filled(t *testing.T, fill func(i int, store *state.Store) error) *shards {
	t.Helper()
	s := &shards{ours: [2]bool{true, true}}
	for i := range s.backends {
		s.backends[i] = memory.New()
		reg, err := state.NewRegistry(nil)
		if err != nil {
			t.Fatal(err)
		}
		store := state.NewStore(s.backends[i], reg, state.Options{})
		err = fill(i, store)
		entries, sealed := store.Seal(1)
		if err := errors.Join(err, sealed, s.backends[i].Apply(entries, fmt.Sprintf("run-%d", i))); err != nil {
			t.Fatal(err)
		}
		s.states = reg.Descriptors()
	}
	return s
}

// ask serves one request as a console with these options would; "" as the token stands for none.
func ask(t *testing.T, from StateReader, path, token string, options func(*Options, *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	o := Options{Addr: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if options != nil {
		options(&o, r)
	}
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := httptest.NewRecorder()
	mux := http.NewServeMux()
	s.stateHandlers(mux, from)
	mux.ServeHTTP(w, r)
	return w
}

func get(t *testing.T, from StateReader, path string) (int, StateAnswer, string) {
	t.Helper()
	w := ask(t, from, path, "", nil)
	var a StateAnswer
	body := w.Body.String()
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %s: %v", path, body, err)
	}
	if w.Code == http.StatusOK && w.Header().Get("Weir-Checkpoint") != a.Checkpoint {
		t.Errorf("%s: header %q, checkpoint %q", path, w.Header().Get("Weir-Checkpoint"), a.Checkpoint)
	}
	return w.Code, a, body
}

func TestStateOfKey(t *testing.T) {
	s := newShards(t)
	code, a, body := get(t, s, "/api/v1/state/count/sum/"+url.PathEscape("k07/1"))
	if code != 200 || len(a.Entries) != 1 || string(a.Entries[0].Value) != "7" || string(a.Entries[0].Key) != `"k07/1"` || a.Kind != state.KindValue || a.Checkpoint != fmt.Sprintf("run-%d", a.Shard) {
		t.Errorf("%d %s", code, body)
	}
	code, a, body = get(t, s, "/api/v1/state/count/last/"+url.PathEscape("k07/1")+"?limit=2")
	if code != 200 || len(a.Entries) != 2 || *a.Entries[0].Count != 2 || string(a.Entries[1].Value) != `"a"` || a.Next == "" {
		t.Errorf("%d %s", code, body)
	}
	code, a, body = get(t, s, "/api/v1/state/count/last/"+url.PathEscape("k07/1")+"?after="+a.Next)
	if code != 200 || len(a.Entries) != 1 || *a.Entries[0].Index != 1 || a.Next != "" {
		t.Errorf("%d %s", code, body)
	}
	code, a, body = get(t, s, "/api/v1/state/count/opaque/azA3LzE=?encoding=base64")
	if code != 200 || len(a.Entries) != 1 || string(a.Entries[0].Key) != `{"base64":"azA3LzE="}` && !strings.Contains(string(a.Entries[0].Key), "azA3LzE=") {
		t.Errorf("%d %s", code, body)
	}
	for path, want := range map[string]string{
		"/api/v1/state/count/sum/nobody":                   "404 nothing for key",
		"/api/v1/state/count/nothing/k":                    "404 no such state",
		"/api/v1/state/count/opaque/k":                     "400 base64",
		"/api/v1/state/count/opaque/k?encoding=hex":        "400 expected base64",
		"/api/v1/state/count/sum?limit=0":                  "400 expected 1 to 10000",
		"/api/v1/state/count/sum?after=!":                  "400 expected `next`",
		"/api/v1/state/count/sum?fresh=perhaps":            "400 expected true or false",
		"/api/v1/state/count/opaque?prefix=x":              "400 a prefix needs strings",
		"/api/v1/state/count/opaque/!!?encoding=base64":    "400 no base64",
		"/api/v1/state/count/sum/k?after=AAAAAAAAAAAAAAAA": "200 entries",
	} {
		code, _, body := get(t, s, path)
		if wantCode, text, _ := strings.Cut(want, " "); fmt.Sprint(code) != wantCode || !strings.Contains(body, text) {
			t.Errorf("%s: %d %s; want %s", path, code, body, want)
		}
	}
}

// What has expired is neither in the answer for its key nor in a scan.
func TestStateExpired(t *testing.T) {
	s := newShards(t)
	gone := map[string]bool{"k07/1": true, "k08/2": true}
	s.expired = func(key []byte) (bool, error) {
		_, _, record, _, err := state.SplitKey(key)
		return gone[string(record)], err
	}
	for key, want := range map[string]int{"k07/1": 404, "k08/2": 404, "k09/0": 200} {
		if code, _, body := get(t, s, "/api/v1/state/count/sum/"+url.PathEscape(key)); code != want {
			t.Errorf("%s: %d %s", key, code, body)
		}
	}
	if _, a, body := get(t, s, "/api/v1/state/count/sum?limit=1000"); len(a.Entries) >= 99 {
		t.Errorf("%d entries: %s", len(a.Entries), body)
	}
	if _, a, body := get(t, s, "/api/v1/state/count/sum?limit=1000&prefix=k0"); strings.Contains(body, "k07/1") || strings.Contains(body, "k08/2") || len(a.Entries) == 0 {
		t.Errorf("a scan: %s", body)
	}
	s.expired = func([]byte) (bool, error) { return false, errors.New("stamps are damaged") }
	if w := ask(t, s, "/api/v1/state/count/sum", "", nil); w.Code != 500 || !strings.Contains(w.Body.String(), "stamps are damaged") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestStateScan: pages of any size together give every entry once, over all shards that are ours.
func TestStateScan(t *testing.T) {
	s := newShards(t)
	for _, c := range []struct {
		ours   [2]bool
		prefix string
		want   int // -1: those of one shard
	}{{[2]bool{true, true}, "", 100}, {[2]bool{true, true}, "k1", 10}, {[2]bool{true, false}, "", -1}, {[2]bool{false, true}, "", -1}, {[2]bool{}, "", 0}} {
		s.ours = c.ours
		var counts []int
		for _, limit := range []int{1, 7, 10_000} {
			seen, after := map[string]bool{}, ""
			for pages := 0; ; pages++ {
				code, a, body := get(t, s, fmt.Sprintf("/api/v1/state/count/sum?limit=%d&prefix=%s&after=%s", limit, c.prefix, after))
				if code != 200 || len(a.Entries) > limit || pages > 300 {
					t.Fatalf("%d %s", code, body)
				}
				for _, e := range a.Entries {
					if seen[string(e.Key)] || !strings.HasPrefix(string(e.Key), `"`+c.prefix) {
						t.Errorf("%s comes twice, or has another prefix", e.Key)
					}
					seen[string(e.Key)] = true
				}
				if after = a.Next; after == "" {
					break
				}
			}
			counts = append(counts, len(seen))
		}
		if counts[0] != counts[1] || counts[1] != counts[2] || c.want >= 0 && counts[0] != c.want || c.want < 0 && (counts[0] < 20 || counts[0] > 80) {
			t.Errorf("ours %v, prefix %q: %v entries, want %d", c.ours, c.prefix, counts, c.want)
		}
	}
}

func TestStateElsewhereOrNotReady(t *testing.T) {
	s := newShards(t)
	s.ours = [2]bool{state.TaskFor(s.KeyGroup([]byte("k07/1")), 2, groups) == 1, state.TaskFor(s.KeyGroup([]byte("k07/1")), 2, groups) == 0}
	w := ask(t, s, "/api/v1/state/count/sum/k07%2F1", "", nil)
	if w.Code != http.StatusMisdirectedRequest || !strings.Contains(w.Body.String(), `"instance": "pod-1"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.err = fmt.Errorf("%w: the instance is restoring", runtime.ErrNotReady)
	for _, path := range []string{"/api/v1/state/count/sum/k", "/api/v1/state/count/sum"} {
		if w := ask(t, s, path, "", nil); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "restoring") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

// TestStateIsGuarded: nobody reads state without the token, or, if there is none, from elsewhere.
func TestStateIsGuarded(t *testing.T) {
	s := newShards(t)
	const path, token = "/api/v1/state/count/sum", "0123456789abcdef"
	with := func(o *Options, _ *http.Request) { o.Token = token }
	public := func(o *Options, _ *http.Request) { o.Addr = "0.0.0.0:0" }
	for _, c := range []struct {
		name, token string
		options     func(*Options, *http.Request)
		want        int
	}{
		{"loopback, no token", "", nil, 200},
		{"loopback, by name", "", func(_ *Options, r *http.Request) { r.Host = "localhost:8080" }, 200},
		{"loopback, IPv6", "", func(_ *Options, r *http.Request) { r.Host = "[::1]:8080" }, 200},
		{"loopback, a page from elsewhere", "", func(_ *Options, r *http.Request) { r.Host = "evil.example:8080" }, 403},
		{"public, no token", "", public, 403},
		{"public, a token that is not set", token, public, 403},
		{"token", token, with, 200},
		{"token, public", token, func(o *Options, r *http.Request) { with(o, r); public(o, r); r.Host = "weir.example" }, 200},
		{"token missing", "", with, 401},
		{"token wrong", "0123456789abcdeF", with, 401},
		{"token with more", token + "x", with, 401},
	} {
		for _, p := range []string{path, path + "/k07%2F1"} {
			if w := ask(t, s, p, c.token, c.options); w.Code != c.want {
				t.Errorf("%s: %s: %d, want %d", c.name, p, w.Code, c.want)
			}
		}
	}
}
