package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// watcher follows the committed output and the worker's status, for the view only: the verdict reads afresh.
type watcher struct {
	mu         sync.Mutex
	counts     map[string]int64
	outputs    int64
	status     status
	lastCommit time.Time
	wg         sync.WaitGroup
	stop       context.CancelFunc
}

// status is what the view takes from /api/v1/status.
type status struct {
	Phase      string    `json:"phase"`
	Epoch      uint64    `json:"epoch"`
	LastCommit time.Time `json:"lastCommit"`
}

// watch begins to watch, and keeps behind at the number of lines that are not committed yet.
func watch(b *broker, log *workerLog, behind *atomic.Int64) (*watcher, error) {
	c, err := b.connect(kgo.ConsumeTopics(outputTopic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{counts: map[string]int64{}, stop: cancel}
	w.wg.Go(func() { w.follow(ctx, c) })
	w.wg.Go(func() { w.poll(ctx, log) })
	w.wg.Go(func() { measure(ctx, b, behind) })
	return w, nil
}

func (w *watcher) close() {
	w.stop()
	w.wg.Wait()
}

func (w *watcher) follow(ctx context.Context, c *kgo.Client) {
	defer c.Close()
	for ctx.Err() == nil {
		fetches := c.PollFetches(ctx)
		w.mu.Lock()
		fetches.EachRecord(func(r *kgo.Record) {
			w.outputs++
			if word, number, ok := strings.Cut(string(r.Value), " "); ok {
				n, _ := strconv.ParseInt(number, 10, 64) // the verdict is what complains
				w.counts[word] = max(n, w.counts[word])
			}
		})
		w.mu.Unlock()
	}
}

func (w *watcher) poll(ctx context.Context, log *workerLog) {
	client := &http.Client{Timeout: 500 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}
	for {
		s := status{Phase: "starting"}
		if addr := log.listening(); addr != "" {
			get(ctx, client, "http://"+addr+"/api/v1/status", &s)
		}
		w.mu.Lock()
		w.status = s
		if s.LastCommit.After(w.lastCommit) {
			w.lastCommit = s.LastCommit
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func measure(ctx context.Context, b *broker, behind *atomic.Int64) {
	for ctx.Err() == nil {
		if left, err := b.left(ctx); err == nil {
			behind.Store(left)
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// get leaves into alone when the worker does not answer: it may have been killed just now.
func get(ctx context.Context, client *http.Client, url string, into *status) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	_ = json.NewDecoder(resp.Body).Decode(into)
}

// wordCount is one line of the top words.
type wordCount struct {
	word string
	n    int64
}

// seen is what the view shows of the output and the worker.
type seen struct {
	status     status
	lastCommit time.Time
	outputs    int64
	different  int
	top        []wordCount
}

func (w *watcher) seen(top int) seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := seen{status: w.status, lastCommit: w.lastCommit, outputs: w.outputs, different: len(w.counts)}
	for word, n := range w.counts {
		if len(s.top) == top && n <= s.top[top-1].n {
			continue
		}
		at, _ := slices.BinarySearchFunc(s.top, n, func(c wordCount, n int64) int { return int(n - c.n) })
		s.top = slices.Insert(s.top, at, wordCount{word, n})
		s.top = s.top[:min(len(s.top), top)]
	}
	return s
}
