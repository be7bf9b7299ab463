package runtime

import (
	"log/slog"
	"sync"
	"time"

	"github.com/weirstream/weir/state"
)

// Transfer says how far bytes have got that go between local state and the checkpoint store.
type Transfer struct {
	BytesDone  int64     `json:"bytesDone"`
	BytesTotal int64     `json:"bytesTotal"` // of a base snapshot or a savepoint: estimated, until it is done
	Began      time.Time `json:"began"`
	Seconds    float64   `json:"seconds"` // so far
	Active     bool      `json:"active"`
	Failed     bool      `json:"failed,omitempty"`
}

// transferLog is the time between two lines about one transfer in the log.
const transferLog = 5 * time.Second

// transfer adds up those of all shards that run at the same time, and keeps the last one to be seen.
type transfer struct {
	what string // in the log
	log  *slog.Logger

	mu     sync.Mutex
	active int
	s      Transfer
	ended  time.Time
	logged time.Time
}

// begin adds one; end must follow.
func (t *transfer) begin(total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active == 0 {
		t.s = Transfer{Began: time.Now(), Active: true}
		t.logged = t.s.Began
	}
	t.active++
	t.s.BytesTotal += total
}

// add counts bytes of any of them.
func (t *transfer) add(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.BytesDone += n
	if now := time.Now(); now.Sub(t.logged) >= transferLog {
		t.logged = now
		t.log.Info(t.what, t.fields(now)...)
	}
}

// scan scans a snapshot and counts what goes by, a piece at a time.
func (t *transfer) scan(s state.Snapshot, lower, upper []byte, fn func(key, value []byte) bool) error {
	const piece = 256 << 10
	seen := int64(0)
	defer func() { t.add(seen) }()
	return s.Scan(lower, upper, func(key, value []byte) bool {
		hit("base-entry")
		if seen += int64(len(key) + len(value)); seen >= piece {
			t.add(seen)
			seen = 0
		}
		return fn(key, value)
	})
}

func (t *transfer) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Failed = t.s.Failed || err != nil
	if t.active--; t.active > 0 {
		return
	}
	t.ended, t.s.Active = time.Now(), false
	if !t.s.Failed {
		t.s.BytesTotal = t.s.BytesDone
	}
	t.log.Info(t.what+" has ended", append(t.fields(t.ended), "failed", t.s.Failed)...)
}

func (t *transfer) fields(now time.Time) []any {
	took := now.Sub(t.s.Began).Seconds()
	return []any{"MiB", mib(t.s.BytesDone), "of", mib(t.s.BytesTotal), "seconds", took, "MiB/s", mib(int64(float64(t.s.BytesDone) / max(took, 0.001)))}
}

func mib(n int64) int64 { return n >> 20 }

// status is nil if there was none yet.
func (t *transfer) status() *Transfer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.s.Began.IsZero() {
		return nil
	}
	s, until := t.s, t.ended
	if s.Active {
		until = time.Now()
	}
	s.Seconds = until.Sub(s.Began).Seconds()
	return &s
}
