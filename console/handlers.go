package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

// stalled is how long the loop may be silent; it beats every second.
const stalled = 30 * time.Second

// Status is what /api/v1/status returns.
type Status struct {
	About
	runtime.Status
	Ready bool `json:"ready"`
}

func (s *Server) handler(in Instance, graph *stream.Graph) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { s.health(w, in) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { ready(w, in.Status()) })
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, _ *http.Request) { s.status(w, in.Status()) })
	mux.HandleFunc("GET /api/v1/graph", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, graph) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.page(w, in.Status()) })
	s.stateHandlers(mux, in)
	s.savepointHandlers(mux, in)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	return mux
}

// health: a process whose loop stands still is worth a restart. One that waits or cannot reach its broker is not.
func (s *Server) health(w http.ResponseWriter, in Instance) {
	st := in.Status()
	limit := stalled
	if st.Phase == runtime.PhaseStarting {
		limit += s.o.StartTimeout
	}
	silent := time.Since(in.LastBeat())
	if silent <= limit || st.Phase == runtime.PhaseStopped {
		answer(w, http.StatusOK, "ok")
		return
	}
	answer(w, http.StatusServiceUnavailable, fmt.Sprintf("the loop has shown no life for %s (phase %s)", silent.Round(time.Second), st.Phase))
}

func ready(w http.ResponseWriter, st runtime.Status) {
	if st.Ready() {
		answer(w, http.StatusOK, "ready")
		return
	}
	reason := fmt.Sprintf("%s for %s", st.Phase, time.Since(st.Since).Round(time.Second))
	if st.LastError != "" {
		reason += ": " + st.LastError
	}
	answer(w, http.StatusServiceUnavailable, reason)
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text) // the client may have gone
}

func (s *Server) status(w http.ResponseWriter, st runtime.Status) {
	answerJSON(w, Status{s.o.About, st, st.Ready()})
}

func answerJSON(w http.ResponseWriter, v any) { answerJSONAs(w, http.StatusOK, v) }

func answerJSONAs(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	encodeJSON(w, v)
}

func encodeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may have gone
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Weir: {{.JobID}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3em auto;max-width:40em;padding:0 1em}td{padding-right:2em}</style></head>
<body><h1>{{.JobID}}</h1>
<table>
<tr><td>Job</td><td>{{.Job}}, {{.Guarantee}}</td></tr>
<tr><td>Instance</td><td>{{.InstanceID}}, version {{.Version}}</td></tr>
<tr><td>Phase</td><td>{{.Phase}}</td></tr>
<tr><td>Epoch</td><td>{{.Epoch}}</td></tr>
<tr><td>Commits, aborts</td><td>{{.Commits}}, {{.Aborts}}</td></tr>
{{if .LastError}}<tr><td>Last error</td><td>{{.LastError}}</td></tr>{{end}}
</table>
<ul>
<li><a href="api/v1/status">api/v1/status</a>: all of this and more, as JSON</li>
<li><a href="api/v1/graph">api/v1/graph</a>: the job's operators, states, stages and exchanges, as JSON</li>
<li><a href="metrics">metrics</a>: for Prometheus</li>
<li><a href="healthz">healthz</a>, <a href="readyz">readyz</a>: for probes</li>
</ul></body></html>
`))

func (s *Server) page(w http.ResponseWriter, st runtime.Status) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, Status{s.o.About, st, st.Ready()}) // the client may have gone
}
