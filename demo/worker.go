package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// worker keeps one process running that does the job: kills it now and then, and starts it again.
type worker struct {
	o      Options
	env    []string
	log    *workerLog
	kills  atomic.Int64
	starts atomic.Int64
	pid    atomic.Int64
	// failed gets the error that ends the demo: the worker ended by itself and a restart does not help.
	failed chan error
	done   chan struct{}
}

// startWorker runs workers until stop ends; crash ends the killing before.
func startWorker(stop, crash context.Context, o Options, addr, folder string) (*worker, error) {
	log, err := newWorkerLog(filepath.Join(folder, "worker.log"))
	if err != nil {
		return nil, err
	}
	w := &worker{o: o, env: workerEnv(o, addr, folder), log: log, failed: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		defer log.close()
		if err := w.keepRunning(stop, crash); err != nil {
			w.failed <- fmt.Errorf("%w; its last log lines:\n%s", err, log.tail())
		}
	}()
	return w, nil
}

// inherited are settings that say how much the worker tells, not what it does.
var inherited = []string{"WEIR_LOG_LEVEL=", "WEIR_KAFKA_DEBUG="}

// workerEnv is our environment without our settings, but for a few, and the worker's own.
func workerEnv(o Options, addr, folder string) []string {
	var env []string
	for _, line := range o.Env {
		passes := func(prefix string) bool { return strings.HasPrefix(line, prefix) }
		if !passes("WEIR_") || slices.ContainsFunc(inherited, passes) {
			env = append(env, line)
		}
	}
	env = append(env, "WEIR_JOB=wordcount", "WEIR_JOB_ID="+jobID, "WEIR_INSTANCE_ID="+instanceID, "WEIR_BROKERS="+addr,
		"WEIR_INPUT_TOPICS="+inputTopic, "WEIR_OUTPUT_TOPIC="+outputTopic, "WEIR_DATA_DIR="+filepath.Join(folder, "worker"),
		"WEIR_GUARANTEE="+o.Guarantee, "WEIR_CHECKPOINT_INTERVAL="+o.Interval.String(), "WEIR_HTTP_ADDR=127.0.0.1:0", "WEIR_LOG_FORMAT=json")
	if o.Parallelism > 0 {
		env = append(env, "WEIR_PARALLELISM="+strconv.Itoa(o.Parallelism))
	}
	return env
}

// keepRunning starts the worker again and again. One that fails a few times without having run for a while is given up.
func (w *worker) keepRunning(stop, crash context.Context) error {
	for failures := 0; ; {
		begin := time.Now()
		killed, err := w.runOnce(stop, crash)
		switch {
		case stop.Err() != nil:
			return err
		case killed:
			failures = 0
			continue
		case err == nil:
			return errors.New("the worker stopped although nobody asked it to")
		}
		if time.Since(begin) > 10*time.Second {
			failures = 0
		}
		if failures++; failures == 3 {
			return fmt.Errorf("the worker failed: %w", err)
		}
	}
}

// runOnce runs one process to its end, and says whether that was our kill -9.
func (w *worker) runOnce(stop, crash context.Context) (killed bool, err error) {
	c := exec.Command(w.o.Worker[0], w.o.Worker[1:]...)
	c.Env, c.Stderr = w.env, w.log
	detach(c)
	// The worker ends when its input does, so it cannot outlive us even if we are killed.
	lifeline, err := c.StdinPipe()
	if err != nil {
		return false, err
	}
	defer lifeline.Close()
	w.log.forgetAddr()
	if err := c.Start(); err != nil {
		return false, err
	}
	w.starts.Add(1)
	w.pid.Store(int64(c.Process.Pid))
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	return w.await(stop, crash, c.Process, ended)
}

// await waits for the end of a process: by itself, by the next kill, or by stop.
func (w *worker) await(stop, crash context.Context, p *os.Process, ended <-chan error) (killed bool, err error) {
	var crashTime <-chan time.Time
	if w.o.CrashEvery > 0 && crash.Err() == nil {
		t := time.NewTimer(w.o.CrashEvery)
		defer t.Stop()
		crashTime = t.C
	}
	for {
		select {
		case err := <-ended:
			return false, err
		case <-crash.Done():
			crash, crashTime = context.Background(), nil
		case <-crashTime:
			if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return false, fmt.Errorf("kill the worker: %w", err)
			}
			if <-ended == nil { // it ended by itself just before
				return false, nil
			}
			w.kills.Add(1)
			return true, nil
		case <-stop.Done():
			return false, w.end(p, ended)
		}
	}
}

// end ends a process in good order.
func (w *worker) end(p *os.Process, ended <-chan error) error {
	if err := terminate(p); err != nil {
		return fmt.Errorf("stop the worker: %w", err)
	}
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("the worker did not end in good order: %w", err)
		}
		return nil
	case <-time.After(15 * time.Second):
		return errors.Join(errors.New("the worker did not stop within 15s of SIGTERM"), p.Kill(), <-ended)
	}
}

// workerLog keeps the workers' log in a file, and knows where the present one listens.
type workerLog struct {
	mu   sync.Mutex
	file *os.File
	last []string
	rest string
	addr string
}

func newWorkerLog(path string) (*workerLog, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &workerLog{file: f}, nil
}

// addrMark stands before the address in the log line of a worker that has begun to listen.
const addrMark = `"http":"`

// Write takes whatever the worker logs.
func (l *workerLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest += string(p)
	for {
		line, rest, ok := strings.Cut(l.rest, "\n")
		if !ok {
			break
		}
		l.rest = rest
		if l.last = append(l.last, line); len(l.last) > 10 {
			l.last = l.last[1:]
		}
		if _, after, ok := strings.Cut(line, addrMark); ok {
			l.addr, _, _ = strings.Cut(after, `"`)
		}
	}
	return l.file.Write(p)
}

func (l *workerLog) forgetAddr() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addr, l.rest = "", ""
}

func (l *workerLog) listening() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addr
}

func (l *workerLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}

func (l *workerLog) close() { _ = l.file.Close() }

var _ io.Writer = (*workerLog)(nil)
