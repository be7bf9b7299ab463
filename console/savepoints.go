package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/weirstream/weir/runtime"
)

// Savepointer takes savepoints: the instance.
type Savepointer interface {
	StartSavepoint(r runtime.SavepointRequest) (runtime.SavepointStatus, error)
	Savepoints() []runtime.SavepointStatus
	AwaitSavepoint(ctx context.Context)
}

func (s *Server) savepointHandlers(mux *http.ServeMux, in Savepointer) {
	mux.HandleFunc("POST /api/v1/savepoints", s.guarded(func(w http.ResponseWriter, r *http.Request) { startSavepoint(w, r, in) }))
	mux.HandleFunc("GET /api/v1/savepoints", s.guarded(func(w http.ResponseWriter, r *http.Request) { savepoints(w, r, in) }))
}

// longestWait bounds ?wait=: below the server's own write timeout.
const longestWait = 20 * time.Second

// startSavepoint answers POST /api/v1/savepoints: the savepoint has been begun.
func startSavepoint(w http.ResponseWriter, r *http.Request, in Savepointer) {
	// A page from elsewhere can have a browser send a form, but not JSON.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		answer(w, http.StatusUnsupportedMediaType, "expected Content-Type: application/json")
		return
	}
	var ask runtime.SavepointRequest
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&ask); err != nil {
		answer(w, http.StatusBadRequest, fmt.Sprintf(`expected {"name":…, "to":…, "stop":…, "drain":…}, all of them optional: %v`, err))
		return
	}
	st, err := in.StartSavepoint(ask)
	switch {
	case errors.Is(err, runtime.ErrSavepointBusy):
		answer(w, http.StatusConflict, err.Error())
	case err != nil:
		answer(w, http.StatusBadRequest, err.Error())
	default:
		answerJSONAs(w, http.StatusAccepted, st)
	}
}

// savepoints answers GET /api/v1/savepoints: those that were asked of this process, the oldest first. With ?wait=10s the answer comes when none is being
// taken any more, or after that time.
func savepoints(w http.ResponseWriter, r *http.Request, in Savepointer) {
	if text := r.URL.Query().Get("wait"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			answer(w, http.StatusBadRequest, fmt.Sprintf("wait=%q: expected a duration such as 10s", text))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), min(d, longestWait))
		defer cancel()
		in.AwaitSavepoint(ctx)
	}
	all := in.Savepoints()
	if all == nil {
		all = []runtime.SavepointStatus{}
	}
	answerJSON(w, all)
}
