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
		if got, ok, err := checkpoint.DecodeMetadata(metadata); got != id || !ok || err != nil || len(metadata) >= 128 {
			t.Errorf("metadata %q: %q, %v, %v", metadata, got, ok, err)
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

func TestForeignMetadata(t *testing.T) {
	for _, s := range []string{"", "weir", "weir1", "weirdo:1", "weir:x", "other", "consumer note: hello", "weir1x:r1-000000000001", "WEIR1:r1-000000000001"} {
		if id, ok, err := checkpoint.DecodeMetadata(s); id != "" || ok || err != nil {
			t.Errorf("%q: %q, %v, %v; want not ours", s, id, ok, err)
		}
	}
	for s, want := range map[string]string{
		"weir2:whatever": "newer version", "weir10:r1-000000000001": "newer version", "weir1:": "<run>-<epoch>", "weir1:r1-1": "<run>-<epoch>",
	} {
		if id, ok, err := checkpoint.DecodeMetadata(s); id != "" || ok || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), s) {
			t.Errorf("%q: %q, %v, %v; want an error with %q", s, id, ok, err, want)
		}
	}
}
