package blobstore_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
	"gocloud.dev/blob/memblob"

	"github.com/weirstream/weir/checkpoint/blobstore"
	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return blobstore.New(memblob.OpenBucket(nil), "memory", remote.DefaultPolicy)
	})
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
