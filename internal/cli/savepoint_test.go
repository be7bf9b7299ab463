package cli

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
)

// writeSavepoint makes one of two entries in a job's store below dir.
func writeSavepoint(t *testing.T, dir, name string) {
	t.Helper()
	w, err := snapshot.CreateURL(t.Context(), "file://"+dir+"/wordcount/savepoint/"+name, snapshot.Header{
		Job: "wordcount", Created: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), MaxParallelism: 128, Checkpoints: []string{"r1-000000000007"},
		States: []state.Descriptor{{ID: 1, UID: "count_words", Name: "count", Kind: state.KindReducing, KeyCodec: "string", ValueCodec: "int64-be"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := w.Part(0)
	for _, word := range []string{"flink", "kafka"} {
		if err := p.Add(state.Entry{Key: state.AppendKey(nil, 3, 1, []byte(word)), Value: []byte("12345678")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSavepointCommands(t *testing.T) {
	dir := t.TempDir()
	env := []string{"WEIR_JOB=wordcount", "WEIR_CHECKPOINT_STORE=file://" + dir, "WEIR_DATA_DIR=" + dir}
	savepoint := func(wantCode int, args ...string) string {
		t.Helper()
		code, out, errs := try(t, Program{}, env, append([]string{"savepoint"}, args...)...)
		if code != wantCode {
			t.Errorf("%q: exit %d, expected %d: %s%s", args, code, wantCode, out, errs)
		}
		return out + errs
	}
	if out := savepoint(ExitOK, "list"); !strings.Contains(out, "no savepoints in file://"+dir+"/wordcount/savepoint/") {
		t.Error(out)
	}
	writeSavepoint(t, dir, "one")
	writeSavepoint(t, dir, "two")
	if out := savepoint(ExitOK, "list"); out != "NAME  CREATED               ENTRIES  SIZE   NOTE\n"+
		"one   2026-11-21T12:00:00Z  2        128 B  \n"+"two   2026-11-21T12:00:00Z  2        128 B  \n" {
		t.Errorf("%s", out)
	}
	var all []listed
	if err := json.Unmarshal([]byte(savepoint(ExitOK, "list", "--json")), &all); err != nil || len(all) != 2 || all[0].Name != "one" || all[0].Entries != 2 {
		t.Errorf("%v, %v", all, err)
	}
	url := "file://" + dir + "/wordcount/savepoint/one"
	for _, which := range []string{"one", url} {
		if out := savepoint(ExitOK, "inspect", which); !strings.Contains(out, "r1-000000000007") || !strings.Contains(out, "count_words") || !strings.Contains(out, "int64-be") {
			t.Error(out)
		}
		if out := savepoint(ExitOK, "verify", which); !strings.Contains(out, url+" is whole: 2 entries") {
			t.Error(out)
		}
	}
	var h snapshot.Header
	if err := json.Unmarshal([]byte(savepoint(ExitOK, "inspect", "one", "--json")), &h); err != nil || h.Job != "wordcount" {
		t.Errorf("%+v, %v", h, err)
	}
	files, err := filepath.Glob(dir + "/wordcount/savepoint/one/data-*")
	if err != nil || len(files) != 1 || os.WriteFile(files[0], []byte("damaged"), 0o600) != nil {
		t.Fatal(files, err)
	}
	if out := savepoint(ExitState, "verify", "one"); !strings.Contains(out, filepath.Base(files[0])) || !strings.Contains(out, "corrupt") {
		t.Error(out)
	}
	if out := savepoint(ExitOK, "delete", "one"); !strings.Contains(out, "deleted "+url) {
		t.Error(out)
	}
	for _, what := range []string{"inspect", "verify", "delete"} {
		savepoint(ExitState, what, "one")
		if out := savepoint(ExitSettings, what); !strings.Contains(out, "which one?") {
			t.Error(out)
		}
		savepoint(ExitSettings, what, "nonsense://")
	}
	savepoint(ExitSettings)
	savepoint(ExitSettings, "make")
	savepoint(ExitSettings, "list", "--intervall=1s")
	if out := savepoint(ExitOK, "-h"); !strings.Contains(out, "--drain") {
		t.Error(out)
	}
	if out := savepoint(ExitFailure, "create", "--offline"); !strings.Contains(out, "notes no committed checkpoint") {
		t.Error(out)
	}
}

// TestSavepointOfRunning asks an API for one and waits for it.
func TestSavepointOfRunning(t *testing.T) {
	var asked runtime.SavepointRequest
	polls := 0
	api := http.NewServeMux()
	api.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"jobId":"wordcount"}`)) })
	st := runtime.SavepointStatus{Name: "x", URL: "file:///x", State: runtime.SavepointRunning}
	api.HandleFunc("POST /api/v1/savepoints", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer a-token-of-some-length" || json.NewDecoder(r.Body).Decode(&asked) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(st)
	})
	fails := ""
	api.HandleFunc("GET /api/v1/savepoints", func(w http.ResponseWriter, _ *http.Request) {
		if polls++; polls > 2 {
			st.State, st.Entries, st.Bytes = runtime.SavepointDone, 7, 2048
			if fails != "" {
				st.State, st.Error = runtime.SavepointFailed, fails
			}
		}
		_ = json.NewEncoder(w).Encode([]runtime.SavepointStatus{{Name: "older"}, st})
	})
	server := httptest.NewServer(api)
	defer server.Close()
	env := []string{"WEIR_JOB=wordcount", "WEIR_DATA_DIR=" + t.TempDir(), "WEIR_HTTP_ADDR=" + server.Listener.Addr().String(), "WEIR_API_TOKEN=a-token-of-some-length"}
	code, out, errs := try(t, Program{}, env, "savepoint", "create", "--name", "x", "--stop", "--drain")
	if code != ExitOK || out != "file:///x: 7 entries, 2.0 KiB\n" || asked != (runtime.SavepointRequest{Name: "x", Stop: true, Drain: true}) {
		t.Errorf("exit %d: %s%s; asked %+v", code, out, errs, asked)
	}
	fails = "disk full"
	if code, out, errs := try(t, Program{}, env, "savepoint", "create", "--to=file:///x"); code != ExitFailure || !strings.Contains(errs, "disk full") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	env[3] = "WEIR_API_TOKEN=another-token-of-some-length"
	if code, _, errs := try(t, Program{}, env, "savepoint", "create"); code != ExitFailure || !strings.Contains(errs, "401") {
		t.Errorf("exit %d: %s", code, errs)
	}
	nobody, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	env[2] = "WEIR_HTTP_ADDR=" + nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := try(t, Program{}, env, "savepoint", "create", "--stop"); code != ExitFailure || !strings.Contains(errs, "no instance of the job answers") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestBar(t *testing.T) {
	for line, at := range map[string][2]int64{
		"verify [##########....................]  33 %": {1, 3}, "verify [##############################] 100 %": {9, 3}, "verify …": {1, 0},
	} {
		if got := barLine("verify", at[0], at[1]); got != line {
			t.Errorf("%q, want %q", got, line)
		}
	}
}

// A savepoint of a job that the store doesn't know, whose name was mistyped perhaps, leaves no folder with that name.
func TestSavepointOfUnknownJob(t *testing.T) {
	dir := t.TempDir()
	env := []string{"WEIR_JOB=wordcount", "WEIR_JOB_ID=wordcuont", "WEIR_CHECKPOINT_STORE=file://" + dir, "WEIR_DATA_DIR=" + dir}
	code, out, errs := try(t, Program{}, env, "savepoint", "create", "--offline")
	if code != ExitFailure || !strings.Contains(errs, "notes no committed checkpoint") || !strings.Contains(errs, "WEIR_JOB_ID is meant") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "wordcuont")); err != nil || len(left) > 0 {
		t.Errorf("%q is left, %v", left, err)
	}
}
