package runtime

import (
	"log/slog"
	"sync"

	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/operators"
)

// losses counts the records that go no further by the job's own will, committed or not. The log tells of the 1st, 10th, 100th … of an operator:
// enough to see what is wrong with them, and no flood.
type losses struct {
	m    *metrics.Metrics
	log  *slog.Logger
	mu   sync.Mutex
	seen map[loss]uint64
}

type loss struct {
	uid string
	why operators.Loss
}

func newLosses(m *metrics.Metrics, log *slog.Logger) *losses {
	return &losses{m: m, log: log, seen: map[loss]uint64{}}
}

// take hears of one record, from any task.
func (l *losses) take(uid string, why operators.Loss, err error) {
	switch why {
	case operators.Skipped:
		l.m.Skipped(uid)
	case operators.DeadLetter:
		l.m.DeadLetter(uid)
	case operators.Late:
		l.m.Late(uid)
	}
	n := l.count(loss{uid, why})
	if !powerOfTen(n) {
		return
	}
	switch why {
	case operators.Skipped:
		l.log.Warn("a record is skipped", "operator", uid, "number", n, "err", err)
	case operators.DeadLetter:
		l.log.Warn("a record goes to the dead letters", "operator", uid, "number", n, "err", err)
	case operators.Late:
		l.log.Warn("a record came too late for its windows and is dropped; LateTo would keep it", "operator", uid, "number", n)
	}
}

func (l *losses) count(which loss) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[which]++
	return l.seen[which]
}

func powerOfTen(n uint64) bool {
	for n >= 10 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}
