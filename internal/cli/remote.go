package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/config"
	"github.com/weirstream/weir/console"
	"github.com/weirstream/weir/runtime"
)

// remote is the API of the instance on this machine that the settings mean.
type remote struct {
	jobID, base, token string
	client             *http.Client
	open               func(url string) (checkpoint.Store, error) // to read
}

// errNotRunning: nobody answers for the job.
var errNotRunning = errors.New("no instance of the job answers")

func newRemote(c *config.Config) *remote {
	r := &remote{jobID: c.JobID, token: c.APIToken, client: &http.Client{Timeout: 25 * time.Second},
		open: opener(c, checkpoint.ReadStore, true)}
	if host, port, err := net.SplitHostPort(c.HTTPAddr); err == nil {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		r.base = "http://" + net.JoinHostPort(host, port)
	}
	return r
}

// savepoint asks for one and waits for it.
func (r *remote) savepoint(ctx context.Context, ask runtime.SavepointRequest, progress func(done, total int64)) (st runtime.SavepointStatus, err error) {
	defer r.client.CloseIdleConnections()
	if err := r.find(ctx); err != nil {
		return st, err
	}
	if err := r.call(ctx, http.MethodPost, "/api/v1/savepoints", ask, &st); err != nil {
		return st, err
	}
	for {
		var all []runtime.SavepointStatus
		if err := r.call(ctx, http.MethodGet, "/api/v1/savepoints?wait=1s", nil, &all); err != nil {
			if ctx.Err() == nil && ask.Stop {
				return r.afterEnd(ctx, st, err)
			}
			return st, err
		}
		for _, s := range all {
			if s.Name != st.Name || !s.Began.Equal(st.Began) {
				continue
			}
			progress(s.Done, s.Total)
			switch s.State {
			case runtime.SavepointDone:
				return s, nil
			case runtime.SavepointFailed:
				return s, fmt.Errorf("no savepoint %s: %s", s.URL, s.Error)
			}
		}
	}
}

// find makes sure that it is the job's instance that answers.
func (r *remote) find(ctx context.Context) error {
	if r.base == "" {
		return fmt.Errorf("%w (WEIR_HTTP_ADDR is off)", errNotRunning)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var status console.Status
	if err := r.call(ctx, http.MethodGet, "/api/v1/status", nil, &status); err != nil {
		return fmt.Errorf("%w at %s: %w", errNotRunning, r.base, err)
	}
	if status.JobID != r.jobID {
		return fmt.Errorf("%w at %s: that is job %q, not %q", errNotRunning, r.base, status.JobID, r.jobID)
	}
	return nil
}

// afterEnd: the instance that was to stop has gone, perhaps before it could say how it came out. The savepoint itself tells.
func (r *remote) afterEnd(ctx context.Context, st runtime.SavepointStatus, cause error) (runtime.SavepointStatus, error) {
	sp, err := snapshot.OpenIn(ctx, st.URL, r.open)
	if err != nil {
		return st, fmt.Errorf("the instance has ended, its log says why; there is no savepoint: %w (%w)", err, cause)
	}
	h := sp.Header()
	st.State, st.Entries, st.Bytes, st.Checkpoints = runtime.SavepointDone, h.Entries(), h.Size(), h.Checkpoints
	return st, sp.Close()
}

// call asks and reads the answer into v.
func (r *remote) call(ctx context.Context, method, path string, body, v any) error {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, &b)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s%s answers %s: %s", r.base, path, resp.Status, strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s%s answers what is no JSON: %w", r.base, path, err)
	}
	return nil
}
