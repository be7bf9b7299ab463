package blobstore_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/checkpoint/blobstore"
	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// TestServerSideEncryption: what the URL asks for is asked of the server, for small blobs and for those in parts.
func TestServerSideEncryption(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]http.Header{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		query := r.URL.Query()
		switch {
		case r.Method == http.MethodGet:
			_, _ = w.Write([]byte(`<ListBucketResult><Name>bucket</Name></ListBucketResult>`))
		case r.Method == http.MethodPost && query.Has("uploads"):
			asked["parts "+r.URL.Path] = r.Header.Clone()
			_, _ = w.Write([]byte(`<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>`))
		case r.Method == http.MethodPost:
			_, _ = w.Write([]byte(`<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>`))
		case !query.Has("partNumber"):
			asked["whole "+r.URL.Path] = r.Header.Clone()
		}
		w.Header().Set("ETag", `"1"`)
	}))
	defer server.Close()
	key := filepath.Join(t.TempDir(), "key")
	writeFile(t, key, "test\n")
	u, err := remote.ParseURL("s3://bucket/weir?path_style=true&sse=aws:kms&kms_key_id=mine&endpoint=" + server.URL + "&key_id_file=" + key + "&secret_key_file=" + key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := blobstore.Open(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := storetest.Put(s, "small", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Put(s, "large", []byte(strings.Repeat("0123456789abcdef", 1<<20))); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, what := range []string{"whole /bucket/weir/small", "parts /bucket/weir/large"} {
		h := asked[what]
		if h.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "mine" {
			t.Errorf("%s: asked for with %v; all were %d", what, h, len(asked))
		}
	}
}
