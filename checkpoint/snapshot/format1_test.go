package snapshot_test

import (
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// TestFormat1 reads what the first version that had savepoints wrote. testdata/format1 must never be changed: such a savepoint stays readable for ever.
func TestFormat1(t *testing.T) {
	sp, err := snapshot.OpenURL(ctx, "file://./testdata/format1")
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	h := sp.Header()
	if h.Job != "wordcount" || h.Name != "before-upgrade" || h.MaxParallelism != 128 || len(h.Checkpoints) != 2 || h.Exchange != "kafka" || !h.Drained ||
		!h.Created.Equal(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", h)
	}
	if len(h.States) != 2 || h.States[1].Kind != state.KindMap || h.States[1].MapKeyCodec != "string" || h.States[0].UID != "count" || h.States[0].ID != 1 {
		t.Errorf("states %+v", h.States)
	}
	if len(h.Sources) != 1 || h.Sources[0].Topic != "text" || h.Sources[0].Offset != 42 || h.Sources[0].Watermark != 1000 || *h.Sources[0].End != 50 ||
		len(h.Watermarks) != 1 || h.Watermarks[0].To != 64 {
		t.Errorf("sources %+v, watermarks %+v", h.Sources, h.Watermarks)
	}
	if len(h.Files) != 2 || h.Entries() != 5 {
		t.Errorf("files %+v", h.Files)
	}
	stream, err := sp.Scan(ctx, 0, 127)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var got string
	for {
		e, ok, err := stream.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		group, id, key, suffix, err := state.SplitKey(e.Key)
		if err != nil {
			t.Fatal(err)
		}
		got += string(rune('0'+group)) + string(rune('0'+id)) + string(key) + ":" + string(suffix) + "=" + string(e.Value) + "\n"
	}
	if want := "31flink:=3\n31kafka:=7\n32flink:page=2\n51weir:=1\n52weir:page=\n"; got != want {
		t.Errorf("got %q", got)
	}
}
