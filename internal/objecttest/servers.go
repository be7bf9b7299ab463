package objecttest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// The key of the servers that S3 and MinIO start.
const (
	S3KeyID  = "test"
	S3Secret = "testsecret"
)

// s3URL is the URL of an S3 server's store, with its key in files.
func s3URL(t testing.TB, port int) func(prefix string) string {
	t.Helper()
	query := fmt.Sprintf("?endpoint=http://127.0.0.1:%d&path_style=true&key_id_file=%s&secret_key_file=%s", port, secret(t, S3KeyID), secret(t, S3Secret))
	return func(prefix string) string { return "s3://bucket/" + prefix + query }
}

// S3 starts an S3 gateway over a folder, with a bucket.
func S3(t testing.TB) *Server {
	t.Helper()
	port, dir := freePort(t), t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "bucket"), 0o755))
	return start(t, port, s3URL(t, port), listens(port),
		made(t, "versitygw-*"), "--access", S3KeyID, "--secret", S3Secret, "--region", "us-east-1", "--port", fmt.Sprintf("127.0.0.1:%d", port), "--quiet", "posix", dir)
}

// MinIO starts an S3 server that encrypts, over a folder, with a bucket. Its key is weir-key. It gives credentials to who has a token for audience weir of the OpenID provider
// issuer, if there is one; their claim "policy" says what they may do.
func MinIO(t testing.TB, dir, issuer string) *Server {
	t.Helper()
	port := freePort(t)
	must(t, os.Mkdir(filepath.Join(dir, "bucket"), 0o755))
	ready := func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/minio/health/ready", port))
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
	env := []string{
		"env", "MINIO_ROOT_USER=" + S3KeyID, "MINIO_ROOT_PASSWORD=" + S3Secret, "MINIO_BROWSER=off", "MINIO_UPDATE=off", "HOME=" + t.TempDir(),
		"MINIO_KMS_SECRET_KEY=weir-key:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)),
	}
	if issuer != "" {
		env = append(env, "MINIO_IDENTITY_OPENID_CONFIG_URL="+issuer+"/.well-known/openid-configuration", "MINIO_IDENTITY_OPENID_CLIENT_ID=weir", "MINIO_IDENTITY_OPENID_CLAIM_NAME=policy")
	}
	return start(t, port, s3URL(t, port), ready,
		append(env, made(t, "minio-*"), "server", "--address", fmt.Sprintf("127.0.0.1:%d", port), "--quiet", dir)...)
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
	return miniDFS(t, func(port int, prefix string) string {
		return fmt.Sprintf("hdfs://127.0.0.1:%d/%s?user=%s", port, prefix, me.Username)
	})
}

// SecureHDFS starts a small HDFS with Kerberos. All that it sends, its data nodes as well, has the protection that is asked for. Its superuser is weir, and there is a stranger.
func SecureHDFS(t testing.TB, protection string) *Server {
	t.Helper()
	dir := t.TempDir()
	return miniDFS(t, func(port int, prefix string) string {
		return fmt.Sprintf("hdfs://localhost:%d/%s?principal=weir@EXAMPLE.COM&keytab=%s/weir.keytab&krb5_conf=%s/krb5.conf", port, prefix, dir, dir)
	}, dir, protection)
}

func miniDFS(t testing.TB, url func(port int, prefix string) string, args ...string) *Server {
	t.Helper()
	port, dir := freePort(t), t.TempDir()
	jars, _ := filepath.Glob(made(t, "minidfs-*") + "/lib/*.jar") // the pattern is ours
	up := filepath.Join(dir, "up")
	ready := func() bool {
		addr, err := os.ReadFile(up)
		return err == nil && bytes.Contains(addr, []byte(":")) && os.Remove(up) == nil
	}
	command := []string{
		"java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", strings.Join(jars, ":"), "MiniDfs", filepath.Join(dir, "data"), fmt.Sprint(port), up,
	}
	return start(t, port, func(prefix string) string { return url(port, prefix) }, ready, append(command, args...)...)
}
