// Package console answers HTTP requests about an instance: whether it lives, whether it is ready, its metrics, its status,
// its job's graph, and its committed state.
//
// Nothing here can change what the instance does, and no handler waits for it.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

// Instance is what the console tells about.
type Instance interface {
	StateReader
	Savepointer
	Status() runtime.Status
	// LastBeat is when the instance's loop last showed that it is alive.
	LastBeat() time.Time
}

// Options of Listen.
type Options struct {
	Addr    string // WEIR_HTTP_ADDR
	Metrics prometheus.Gatherer
	// Token guards what is not for everybody: the job's state, and savepoints. Without one that is for a loopback address only.
	Token string // WEIR_API_TOKEN
	// About names what is running; it is part of the status.
	About About
	// StartTimeout is how long the instance's loop may be silent while it starts.
	StartTimeout time.Duration
	Logger       *slog.Logger
}

// About names what is running.
type About struct {
	Job        string `json:"job"`
	JobID      string `json:"jobId"`
	InstanceID string `json:"instanceId"`
	Guarantee  string `json:"guarantee"`
	Version    string `json:"version"`
}

// Server is an HTTP server that holds its port from Listen on.
type Server struct {
	o        Options
	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

// Listen takes the port, so that one in use is found before anything else is begun.
func Listen(o Options) (*Server, error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		if cause := (*net.OpError)(nil); errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("WEIR_HTTP_ADDR=%q: cannot listen: %w; choose another port, or off", o.Addr, err)
	}
	return &Server{o: o, listener: l, done: make(chan struct{})}, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve begins to answer; requests that came since Listen have waited. The graph is that of the instance's job.
func (s *Server) Serve(in Instance, graph *stream.Graph) {
	s.server = &http.Server{
		Handler:           s.handler(in, graph),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelWarn),
	}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.o.Logger.Error("the HTTP server ended", "err", err)
		}
	}()
}

// Close answers what has been asked, for a second at most, and gives the port back.
func (s *Server) Close() error {
	if s.server == nil {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	<-s.done
	return err
}
