package checkpoint_test

import (
	"math"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
)

func TestIDs(t *testing.T) {
	run := checkpoint.NewRun()
	for _, epoch := range []uint64{0, 1, 42, 999_999_999_999, 1_000_000_000_000, math.MaxUint64} {
		id := checkpoint.MakeID(run, epoch)
		if got, err := checkpoint.ParseID(string(id)); err != nil || got != id || id.Run() != run || id.Epoch() != epoch {
			t.Errorf("%s: parsed %q, %v; run %q, epoch %d", id, got, err, id.Run(), id.Epoch())
		}
		metadata := checkpoint.EncodeMetadata(id)
		if got, ok, err := checkpoint.DecodeMetadata(metadata); got != (checkpoint.Metadata{ID: id}) || !ok || err != nil || len(metadata) >= 128 {
			t.Errorf("metadata %q: %v, %v, %v", metadata, got, ok, err)
		}
	}
	for _, s := range []string{"", "r1", "r1-", "r1-1", "-000000000001", "r1-0000000000001", "r1-00000000000x", "R1-000000000001", "r1-000000000001 ",
		"r_1-000000000001", "r1--00000000001", "r1-+00000000001", "../x-000000000001", "r1-99999999999999999999999", strings.Repeat("r", 41) + "-000000000001"} {
		if _, err := checkpoint.ParseID(s); err == nil || !strings.Contains(err.Error(), "<run>-<epoch>") {
			t.Errorf("%q: error %v", s, err)
		}
	}
}

func TestRunsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		run := checkpoint.NewRun()
		if seen[run] {
			t.Fatalf("%s twice", run)
		}
		seen[run] = true
	}
}
