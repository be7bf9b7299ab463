package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	statetest.RunBackend(t, func(t *testing.T) state.Backend {
		b := memory.New()
		t.Cleanup(func() { _ = b.Close() })
		return b
	}, nil)
}
