package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint"
)

// With the exchange kafka a savepoint needs a moment in which no records are on their way between stages. So whoever takes one asks all instances to read
// no sources until then, by a file in the store that each looks for. It is a request only: a cut with records under way is found and not used.
const (
	requestEvery  = time.Second      // how often instances look
	requestRenew  = 3 * time.Second  // how often a living requester writes it anew
	requestLapses = 15 * time.Second // an unchanged one is taken for that of a requester that is gone
	maxRequest    = 4 << 10
)

func requestFile(job string) string { return job + "/savepoint-request" }

// suspension says whether sources are not to be read just now.
type suspension struct {
	stillness
	ends sync.Mutex
	name string // of the drain that was asked for; empty: none
}

func (s *suspension) set(now asked) (changed bool) {
	s.ends.Lock()
	s.name = now.drain
	s.ends.Unlock()
	return s.stillness.set(now.still)
}

// drain is the one for which source partitions are to come to their ends; empty: none.
func (s *suspension) drain() string {
	s.ends.Lock()
	defer s.ends.Unlock()
	return s.name
}

// asked is what a request asks of an instance.
type asked struct {
	still bool   // to let its sources stand still
	drain string // and all timers fire; the drain's name
	stop  bool   // to end
}

// watchRequests looks for requests until the instance ends.
func (in *Instance) watchRequests() {
	ticker := time.NewTicker(requestEvery)
	defer ticker.Stop()
	var w watch
	for {
		select {
		case now := <-ticker.C:
			content, err := in.readRequest(in.ctx)
			if err != nil {
				content = nil // whoever asks sees that records are under way; that the store fails, its other users tell
			}
			asked := w.look(content, now)
			if in.suspended.set(asked) {
				in.log.Info("sources stand still while a savepoint is taken over all instances", "still", asked.still)
			}
			if asked.still {
				in.post(barrierDue) // the requester waits for what is under way, not for the interval
			}
			if asked.stop {
				in.log.Info("stopping, as the job is to stop with a savepoint")
				in.post(event{then: func() { in.stopQuietly() }})
				return
			}
		case <-in.ended:
			return
		}
	}
}

// watch is what an instance has seen of requests. The requester's clock means nothing to it: a request counts as long as it changes.
type watch struct {
	seen    []byte
	changed time.Time
	living  bool // it has changed before our eyes
}

// look says what is asked. What a requester that has died has left stops nobody, nor lets timers fire: an instance that
// is started again would find it as well.
func (w *watch) look(content []byte, now time.Time) asked {
	if !bytes.Equal(content, w.seen) {
		w.living = len(w.seen) > 0 && len(content) > 0
		w.seen, w.changed = content, now
	}
	if len(content) == 0 || now.Sub(w.changed) >= requestLapses {
		return asked{}
	}
	var r request
	if !w.living || json.Unmarshal(content, &r) != nil {
		return asked{still: true}
	}
	return asked{true, r.Drain, r.Stop}
}

func (in *Instance) readRequest(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLapses)
	defer cancel()
	rc, err := in.o.Store.Get(ctx, requestFile(in.o.JobID))
	if errors.Is(err, checkpoint.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(rc, maxRequest))
	return b, errors.Join(err, rc.Close())
}

// request is what the file holds.
type request struct {
	Instance  string    `json:"instance"`
	Savepoint string    `json:"savepoint"`
	Drain     string    `json:"drain,omitempty"` // all timers are to fire; a name that no other drain has
	Stop      bool      `json:"stop,omitempty"`  // all instances are to end
	Since     time.Time `json:"since"`
	Renewed   int       `json:"renewed"`
}

// quietly runs f while all instances are asked not to read sources, and to drain if that has a name. f may ask them to stop.
func (in *Instance) quietly(ctx context.Context, st SavepointStatus, drain string, f func(ctx context.Context, stop func()) error) error {
	r := request{Instance: in.o.InstanceID, Savepoint: st.URL, Drain: drain, Since: time.Now().UTC()}
	if err := in.putRequest(ctx, r); err != nil {
		return err
	}
	stopping := make(chan struct{})
	renewing, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { in.renewRequest(renewing, r, stopping) })
	err := f(ctx, sync.OnceFunc(func() { close(stopping) }))
	end()
	wg.Wait() // a Put after the Delete would leave it there
	clean, cancel := afterwards(ctx)
	defer cancel()
	if derr := in.o.Store.Delete(clean, requestFile(in.o.JobID)); derr != nil {
		in.log.Warn("sources are read again only when the request has lapsed", "after", requestLapses, "err", derr)
	}
	return err
}

// renewRequest writes the request anew now and then.
func (in *Instance) renewRequest(ctx context.Context, r request, stopping <-chan struct{}) {
	ticker := time.NewTicker(requestRenew)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-stopping:
			r.Stop, stopping = true, nil
			ticker.Reset(requestEvery)
		case <-ctx.Done():
			return
		}
		r.Renewed++
		if err := in.putRequest(ctx, r); err != nil && ctx.Err() == nil {
			in.log.Warn("others may read sources again before the savepoint has its cut", "err", err)
		}
	}
}

func (in *Instance) putRequest(ctx context.Context, r request) error {
	b, err := json.Marshal(r)
	if err == nil {
		err = in.o.Store.Put(ctx, requestFile(in.o.JobID), func(w io.Writer) error {
			_, err := w.Write(append(b, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("asking the job's instances for a moment without records under way: %w", err)
	}
	return nil
}
