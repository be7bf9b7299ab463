package checkpoint_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/checkpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOpenStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"", "x", "/var/lib/weir", "ftp://x/y", "s3//x", "file:/x", "file://x", "file://" + file} {
		_, err := checkpoint.OpenStore(url)
		if err == nil || !strings.Contains(err.Error(), "WEIR_CHECKPOINT_STORE") || !strings.Contains(err.Error(), `"`+url+`"`) ||
			!strings.Contains(err.Error(), "file://") && !strings.Contains(err.Error(), "writable") {
			t.Errorf("%q: error %v", url, err)
		}
	}
	for _, url := range []string{"file://" + t.TempDir() + "/new/folder", "mem://x", "mem://"} {
		s, err := checkpoint.OpenStore(url)
		if err != nil || s.URL() != url {
			t.Errorf("%q: %v, %v", url, s, err)
		}
	}
}

// A URL that is refused is shown without what may be a secret in it.
func TestOpenStoreHidesSecrets(t *testing.T) {
	for _, url := range []string{"s3://me:hidden@bucket/x", "s3://bucket/x?secret_key=hidden", "s3x://me:hidden@x", "hdfs://nn:1/x?password=hidden"} {
		if _, err := checkpoint.OpenStore(url); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("error %v", err)
		}
	}
}

func TestJobNames(t *testing.T) {
	s, err := checkpoint.OpenStore("mem://")
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range []string{"", ".", "..", "a/b", "a b", ".hidden"} {
		if _, err := checkpoint.NewRepository(s, job, "r1", checkpoint.Options{}); err == nil || !strings.Contains(err.Error(), "WEIR_JOB_ID") {
			t.Errorf("job %q: error %v", job, err)
		}
	}
	if _, err := checkpoint.NewRepository(s, "job", "R-1", checkpoint.Options{}); err == nil {
		t.Error("run R-1 is accepted")
	}
}

func TestLatest(t *testing.T) {
	ctx := context.Background()
	r, s := baseRepo(t, checkpoint.Options{})
	if id, ok, err := r.Latest(ctx); id != "" || ok || err != nil {
		t.Errorf("at first: %v, %v, %v", id, ok, err)
	}
	for epoch := range uint64(3) {
		if err := r.MarkCommitted(ctx, checkpoint.MakeID("r1", epoch)); err != nil {
			t.Fatal(err)
		}
	}
	if id, ok, err := r.Latest(ctx); id != checkpoint.MakeID("r1", 2) || !ok || err != nil {
		t.Errorf("%v, %v, %v", id, ok, err)
	}
	if err := r.MarkCommitted(ctx, "nonsense"); err == nil {
		t.Error("nonsense is marked")
	}
	for _, damaged := range []string{"", "weir1:r1-00000000000", "weir1:r1-000000000002", "other\n", "weir9:x\n"} {
		mustPutFile(t, s, "job/latest", []byte(damaged))
		if _, _, err := r.Latest(ctx); err == nil || !strings.Contains(err.Error(), "job/latest") {
			t.Errorf("%q: error %v", damaged, err)
		}
	}
}
