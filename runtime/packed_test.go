package runtime_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
)

// TestEncryptedStore: a job goes on from an encrypted, compressed store on an empty machine, and with another key it ends at once, naming that.
func TestEncryptedStore(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	packed := func(key string) setting {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(strings.Repeat(key, 64)), 0o600); err != nil {
			t.Fatal(err)
		}
		return func(o *runtime.Options) {
			var err error
			if o.Store, err = checkpoint.Pack(o.Store, checkpoint.Packing{Compression: "zstd", KeyFile: path}); err != nil {
				t.Fatal(err)
			}
		}
	}
	right := packed("1")
	lines, want := text(200)
	for half := range 2 {
		c.feed("text", lines[half*100:(half+1)*100]...)
		l := c.start(right)
		l.until(t, "this life's records read", read(100))
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
		c.dropLocalState()
	}
	checkCounts(t, c.committed("word-counts"), want)

	l := c.start(packed("2"))
	err := l.end(t)
	var wrong *checkpoint.KeyError
	if !errors.Is(err, runtime.ErrState) || !errors.As(err, &wrong) || wrong.Wants == "" {
		t.Errorf("with another key: %v", err)
	}
}
