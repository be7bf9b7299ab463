package runtime_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/txn"
)

// meeting makes its consumer when all that are missing have come so far: each has looked at the group then, and nobody has joined it.
type meeting struct {
	txn.Client
	missing *sync.WaitGroup
}

func (m meeting) NewConsumer(c txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	m.missing.Done()
	m.missing.Wait()
	return m.Client.NewConsumer(c, h)
}

// Two instances whose stores aren't shared start at the same moment, before either could find the other in the group. They aren't left to work until
// one has to take over from the other, which may be never.
func TestStoresNotSharedAtOnce(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	var missing sync.WaitGroup
	missing.Add(2)
	apart := func(name string) *life {
		return c.start(c.many(name), func(o *runtime.Options) {
			store, err := checkpoint.OpenStore("file://" + filepath.Join(c.dir, "checkpoints-"+name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { closeBoth(t, nil, store) })
			o.Store, o.Client = store, meeting{o.Client, &missing}
		})
	}
	one, two := apart("one"), apart("two")
	var err error
	var other *life
	select {
	case err = <-one.done:
		one.close()
		other = two
	case err = <-two.done:
		two.close()
		other = one
	case <-time.After(20 * time.Second):
		one.cancel()
		two.cancel()
		t.Fatalf("both go on: %+v, %+v", one.in.Status(), two.in.Status())
	}
	if !errors.Is(err, runtime.ErrOccupied) || !strings.Contains(err.Error(), "which does not use WEIR_CHECKPOINT_STORE=") {
		t.Errorf("it says %v", err)
	}
	if err := other.stop(t); err != nil && !errors.Is(err, runtime.ErrOccupied) { // both were refused, or it had joined first
		t.Errorf("the other one says %v", err)
	}
}
