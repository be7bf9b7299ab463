package filestore_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// TestLargeBlobs: sizes about what is handed on at a time, and beyond what is handed to the disk at a time, on a real file system and in one Put or many pieces.
func TestLargeBlobs(t *testing.T) {
	s := mustOpen(t, vfs.Default, t.TempDir())
	for _, size := range []int{255 << 10, 256 << 10, 512<<10 - 1, 512 << 10, 512<<10 + 1, 1 << 20, 3<<20 + 4096, 5<<20 + 777} {
		data := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(data)
		if err := storetest.Put(s, fmt.Sprint("whole-", size), data); err != nil {
			t.Fatal(err)
		}
		f := store.NewFeed(t.Context(), s, fmt.Sprint("pieces-", size))
		if _, err := io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{bytes.NewReader(data)}, make([]byte, 70_001)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{"whole-", "pieces-"} {
			if got, err := storetest.Get(s, fmt.Sprint(form, size)); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s%d: read %d bytes, %v", form, size, len(got), err)
			}
		}
	}
}
