package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

// asked is an instance that takes savepoints at once.
type asked struct {
	fake
	all    []runtime.SavepointStatus
	err    error
	waited bool
}

func (a *asked) StartSavepoint(r runtime.SavepointRequest) (runtime.SavepointStatus, error) {
	if a.err != nil {
		return runtime.SavepointStatus{}, a.err
	}
	st := runtime.SavepointStatus{Name: r.Name, URL: "mem://x/" + r.Name, State: runtime.SavepointDone, Stop: r.Stop, Drain: r.Drain}
	a.all = append(a.all, st)
	return st, nil
}

func (a *asked) Savepoints() []runtime.SavepointStatus { return a.all }
func (a *asked) AwaitSavepoint(context.Context)        { a.waited = true }

// serveAsked returns a function that sends a request.
func serveAsked(t *testing.T, in *asked, token string) func(method, path, contentType, body string, header ...string) (int, string) {
	t.Helper()
	s, err := Listen(Options{Addr: "127.0.0.1:0", Token: token, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(in, &stream.Graph{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(method, path, contentType, body string, header ...string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
}

func TestSavepoints(t *testing.T) {
	in := &asked{}
	call := serveAsked(t, in, "")
	const path, kind = "/api/v1/savepoints", "application/json; charset=utf-8"
	if code, body := call("GET", path, "", ""); code != http.StatusOK || strings.TrimSpace(body) != "[]" {
		t.Errorf("%d %s", code, body)
	}
	code, body := call("POST", path, kind, `{"name":"one","stop":true,"drain":true}`)
	var st runtime.SavepointStatus
	if err := json.Unmarshal([]byte(body), &st); err != nil || code != http.StatusAccepted || st.Name != "one" || !st.Stop || !st.Drain {
		t.Errorf("%d %s %v", code, body, err)
	}
	if code, body := call("GET", path+"?wait=5s", "", ""); code != http.StatusOK || !strings.Contains(body, `"mem://x/one"`) || !in.waited {
		t.Errorf("%d %s, waited: %v", code, body, in.waited)
	}
	for _, bad := range []struct {
		method, path, kind, body string
		want                     int
	}{
		{"POST", path, "text/plain", `{}`, http.StatusUnsupportedMediaType},
		{"POST", path, kind, `{"nom":"x"}`, http.StatusBadRequest},
		{"POST", path, kind, ``, http.StatusBadRequest},
		{"GET", path + "?wait=long", kind, ``, http.StatusBadRequest},
		{"DELETE", path, kind, ``, http.StatusMethodNotAllowed},
	} {
		if code, body := call(bad.method, bad.path, bad.kind, bad.body); code != bad.want {
			t.Errorf("%+v: %d %s", bad, code, body)
		}
	}
	if len(in.all) != 1 {
		t.Errorf("%d savepoints were taken", len(in.all))
	}
	for err, want := range map[error]int{
		fmt.Errorf("%w: x", runtime.ErrSavepointBusy): http.StatusConflict, fmt.Errorf("%w: x", runtime.ErrSavepointRequest): http.StatusBadRequest,
	} {
		in.err = err
		if code, body := call("POST", path, kind, `{}`); code != want || !strings.Contains(body, err.Error()) {
			t.Errorf("%v: %d %s", err, code, body)
		}
	}
	if code, _ := call("POST", path, kind, `{}`, "Host", "elsewhere.example"); code == http.StatusAccepted {
		t.Error("a name from elsewhere is let in")
	}
}

// TestSavepointsNeedTheToken if there is one.
func TestSavepointsNeedTheToken(t *testing.T) {
	in := &asked{}
	call := serveAsked(t, in, "a-token-of-some-length")
	for _, method := range []string{"GET", "POST"} {
		if code, _ := call(method, "/api/v1/savepoints", "application/json", `{}`); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", method, code)
		}
	}
	if code, _ := call("POST", "/api/v1/savepoints", "application/json", `{}`, "Authorization", "Bearer a-token-of-some-length"); code != http.StatusAccepted || len(in.all) != 1 {
		t.Errorf("%d", code)
	}
}
