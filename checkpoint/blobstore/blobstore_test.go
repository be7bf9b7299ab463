package blobstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// TestOpen: what is wrong with settings is said without asking anybody; what can't be reached is unavailable; nothing shows a secret.
func TestOpen(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/none")
	file := filepath.Join(t.TempDir(), "secret")
	writeFile(t, file, "sv=1&sig=aGlkZGVuaGlkZGVu\n")
	empty := filepath.Join(t.TempDir(), "empty")
	writeFile(t, empty, "\n")
	nobody := "http://127.0.0.1:1"
	keys := "&key_id_file=" + file + "&secret_key_file=" + file
	for url, want := range map[string]string{
		"s3://bucket/x": "no region",
		"s3://bucket/x?region=r&key_id_file=" + file:                               "go together",
		"s3://bucket/x?region=r&key_id_file=" + file + "&secret_key_file=" + empty: "is empty",
		"s3://bucket/x?region=r&key_id_file=/none&secret_key_file=/none":           "key_id_file",
		"s3://bucket/x?region=r&sse=none":                                          "expected one of AES256, aws:kms",
		"s3://bucket/x?region=r&kms_key_id=k":                                      "without sse=aws:kms",
		"s3://bucket/x?region=r&path_style=yes":                                    "expected true or false",
		"s3://bucket/x?endpoint=" + nobody + keys:                                  "can't be reached",
		"gs://bucket/x": "anonymous=true",
		"gs://bucket/x?anonymous=true&endpoint=" + nobody: "can't be reached",
		"azblob://bucket/x":                                          "no storage account",
		"azblob://bucket/x?account=a&key_file=/none":                 "key_file",
		"azblob://bucket/x?account=a&key_file=" + file:               "expected base64",
		"azblob://bucket/x?endpoint=" + nobody + "&sas_file=" + file: "can't be reached",
	} {
		t.Run(url, func(t *testing.T) {
			if !strings.Contains(url, "timeout") {
				url += map[bool]string{true: "&", false: "?"}[strings.Contains(url, "?")] + "timeout=1s&attempts=1"
			}
			u, err := remote.ParseURL(url)
			if err != nil {
				t.Fatal(err)
			}
			_, err = blobstore.Open(t.Context(), u)
			if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, remote.ErrUnavailable) != (want == "can't be reached") {
				t.Errorf("error %v; want %q", err, want)
			}
			if err != nil && strings.Contains(err.Error(), "aGlkZGVu") {
				t.Errorf("error shows a secret: %v", err)
			}
		})
	}
}
