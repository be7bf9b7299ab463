package runtime

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
)

// answering answers for a broker as long as whoever asks is still there.
type answering struct {
	txn.Admin
	limits txn.Limits
}

func (a answering) Limits(ctx context.Context, _ string) (txn.Limits, error) {
	if err := ctx.Err(); err != nil {
		return txn.Limits{}, err
	}
	return a.limits, nil
}

// A question that ends with the work of whoever asks is no answer: for the next one nothing would be too large or too far ahead.
func TestLimitsOfHaltedWork(t *testing.T) {
	want := txn.Limits{Bytes: 1000, After: time.Hour}
	s := newSinks(&Instance{log: slog.New(slog.DiscardHandler), sinkAdmin: answering{limits: want}})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if got := s.takes(over, "out"); got != (txn.Limits{}) {
		t.Errorf("got %+v without an answer", got)
	}
	if got := s.takes(t.Context(), "out"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
