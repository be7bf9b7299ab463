package runtime

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// A request to stop with a savepoint that the loop does not hear any more, since it has ended, is one that has failed: nobody waits for it for ever.
func TestStopRequestBehindTheEnd(t *testing.T) {
	in := lab(t, memStore(t), 1)
	in.o.Exchange = ""
	in.view.phase(PhaseRunning)
	close(in.ended)
	if _, err := in.StartSavepoint(SavepointRequest{Name: "end", Stop: true}); err != nil {
		t.Fatal(err)
	}
	in.savepoints.stop()
	if err := in.lastSavepoint(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if st := in.Savepoints()[0]; st.State != SavepointFailed || st.Error == "" {
		t.Errorf("%+v", st)
	}
	if _, err := in.StartSavepoint(SavepointRequest{Name: "end", Stop: true}); !errors.Is(err, ErrSavepointRequest) {
		t.Errorf("once more: %v", err)
	}
}

// A store that does not answer when the hold is to be released keeps nobody for ever: neither the savepoint nor the end of the instance.
func TestReleaseOfHoldEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := lab(t, stuckDelete{memStore(t)}, 1)
		began := time.Now()
		_, err := in.holding(t.Context(), func() (snapshot.Header, error) { return snapshot.Header{}, nil })
		if took := time.Since(began); err != nil || took > time.Minute {
			t.Errorf("%v, after %v", err, took)
		}
	})
}

// stuckDelete is a store whose deletions never come back by themselves.
type stuckDelete struct{ checkpoint.Store }

func (s stuckDelete) Delete(ctx context.Context, _ ...string) error {
	<-ctx.Done()
	return ctx.Err()
}

// Who stops a job in good order finds its last commit noted in the store, however short a time before the one before it was noted; one whose
// partitions others may have worked on meanwhile notes nothing.
func TestLastCommitIsNoted(t *testing.T) {
	for _, owned := range []bool{true, false} {
		in := lab(t, memStore(t), 1)
		at := in.crossing(0, 0)
		in.resume(t, decision{positions: map[txn.Partition]int64{at: 0}, checkpoints: map[*shard]checkpoint.ID{}, times: map[txn.Partition]mark{}})
		var ids []checkpoint.ID
		for epoch := range twophase.Epoch(3) {
			f := in.commit(t, epoch+1, map[txn.Partition]int64{at: int64(epoch)}, nil)
			ids = append(ids, f.id)
		}
		if err := in.stopShards(); err != nil {
			t.Fatal(err)
		}
		in.o.Exchange = ""
		repo := in.shards[0].repo
		want := ids[2]
		if in.work.parts = []txn.Partition{at}; owned {
			in.owned = in.work.parts
		} else {
			want = checkpoint.MakeID("other", 1)
			if err := repo.MarkCommitted(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
		in.noteLast(t.Context())
		if id, _, err := repo.Latest(t.Context()); err != nil || id != want {
			t.Errorf("%s is noted, %v; want %s of %s", id, err, want, ids)
		}
	}
}
