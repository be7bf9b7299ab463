package objecttest

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// S3 starts an S3 gateway over a folder, with a bucket.
func S3(t testing.TB) *Server {
	t.Helper()
	const key, value = "test", "testsecret"
	port, dir := freePort(t), t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "bucket"), 0o755))
	query := fmt.Sprintf("?endpoint=http://127.0.0.1:%d&path_style=true&key_id_file=%s&secret_key_file=%s", port, secret(t, key), secret(t, value))
	return start(t, port, func(prefix string) string { return "s3://bucket/" + prefix + query }, listens(port),
		made(t, "versitygw-*"), "--access", key, "--secret", value, "--region", "us-east-1", "--port", fmt.Sprintf("127.0.0.1:%d", port), "--quiet", "posix", dir)
}

// GCS starts a double of Google Cloud Storage over a folder, with a bucket.
func GCS(t testing.TB) *Server {
	t.Helper()
	port, dir := freePort(t), t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "bucket"), 0o755))
	place := fmt.Sprintf("http://127.0.0.1:%d", port)
	return start(t, port, func(prefix string) string { return "gs://bucket/" + prefix + "?anonymous=true&endpoint=" + place }, listens(port),
		made(t, "fake-gcs-server-*"), "-scheme", "http", "-host", "127.0.0.1", "-port", fmt.Sprint(port), "-public-host", fmt.Sprintf("127.0.0.1:%d", port),
		"-external-url", place, "-backend", "filesystem", "-filesystem-root", dir, "-log-level", "warn")
}

// azuriteKey is the one that everybody knows, of the account devstoreaccount1.
const azuriteKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

// Azure starts a double of Azure Blob Storage over a folder, with a container.
func Azure(t testing.TB) *Server {
	t.Helper()
	port := freePort(t)
	query := fmt.Sprintf("?account=devstoreaccount1&endpoint=http://127.0.0.1:%d/devstoreaccount1&key_file=%s", port, secret(t, azuriteKey))
	s := start(t, port, func(prefix string) string { return "azblob://bucket/" + prefix + query }, listens(port),
		"node", made(t, "azurite-*")+"/node_modules/azurite/dist/src/blob/main.js", "--blobHost", "127.0.0.1", "--blobPort", fmt.Sprint(port),
		"--location", t.TempDir(), "--silent", "--skipApiVersionCheck", "--disableTelemetry")
	credential, err := azblob.NewSharedKeyCredential("devstoreaccount1", azuriteKey)
	must(t, err)
	c, err := azblob.NewClientWithSharedKeyCredential("http://"+s.Addr()+"/devstoreaccount1", credential, nil)
	must(t, err)
	_, err = c.CreateContainer(t.Context(), "bucket", nil)
	must(t, err)
	return s
}

// HDFS starts a small HDFS; its superuser is the user of this process.
func HDFS(t testing.TB) *Server {
	t.Helper()
	me, err := user.Current()
	must(t, err)
	port, dir := freePort(t), t.TempDir()
	jars, _ := filepath.Glob(made(t, "minidfs-*") + "/lib/*.jar") // the pattern is ours
	up := filepath.Join(dir, "up")
	ready := func() bool {
		addr, err := os.ReadFile(up)
		return err == nil && bytes.Contains(addr, []byte(":")) && os.Remove(up) == nil
	}
	return start(t, port, func(prefix string) string {
		return fmt.Sprintf("hdfs://127.0.0.1:%d/%s?user=%s", port, prefix, me.Username)
	}, ready,
		"java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", strings.Join(jars, ":"), "MiniDfs", filepath.Join(dir, "data"), fmt.Sprint(port), up)
}
