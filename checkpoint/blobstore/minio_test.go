//go:build integration

package blobstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/internal/objecttest"
)

// TestServerEncrypts: a server that encrypts does so as the URL asks for, small blobs and those in parts; and it is the URL that makes it.
func TestServerEncrypts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := objecttest.MinIO(t, dir, "")
	for folder, test := range map[string]struct {
		query string
		want  types.ServerSideEncryption
		key   string
	}{
		"plain": {},
		"own":   {query: "&sse=AES256", want: types.ServerSideEncryptionAes256},
		"kms":   {query: "&sse=aws:kms&kms_key_id=weir-key", want: types.ServerSideEncryptionAwsKms, key: "weir-key"},
	} {
		t.Run(folder, func(t *testing.T) {
			s := mustOpen(t, server.URL(folder)+test.query)
			defer s.Close()
			for name, data := range map[string]string{"small": "a secret that nobody may read", "large": strings.Repeat("a secret that nobody may read", 1<<20)} {
				if err := storetest.Put(s, name, []byte(data)); err != nil {
					t.Fatal(err)
				}
				if got, err := storetest.Get(s, name); err != nil || string(got) != data {
					t.Errorf("%s: read %d bytes, %v", name, len(got), err)
				}
				sse, key := encryption(t, server, folder+"/"+name)
				if sse != test.want || !strings.HasSuffix(key, test.key) {
					t.Errorf("%s: encrypted with %q, %q; want %q, %q", name, sse, key, test.want, test.key)
				}
			}
			if plain := onDisk(t, filepath.Join(dir, "bucket", folder), "secret that nobody"); plain != (test.want == "") {
				t.Errorf("what was written is on the server's disk as it was: %v", plain)
			}
		})
	}
	s := mustOpen(t, server.URL("other")+"&sse=aws:kms&kms_key_id=other-key&attempts=1")
	defer s.Close()
	if err := storetest.Put(s, "x", []byte("1")); err == nil || !strings.Contains(err.Error(), "other-key") {
		t.Errorf("a key that the server does not have: error %v", err)
	}
}

// encryption is what the server says of an object.
func encryption(t *testing.T, server *objecttest.Server, name string) (types.ServerSideEncryption, string) {
	t.Helper()
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String("http://" + server.Addr()), UsePathStyle: true, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: objecttest.S3KeyID, SecretAccessKey: objecttest.S3Secret}, nil
		}),
	})
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: &name})
	if err != nil {
		t.Fatal(err)
	}
	return head.ServerSideEncryption, aws.ToString(head.SSEKMSKeyId)
}

// onDisk says whether text is in a file of a folder.
func onDisk(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// issuer signs tokens, as that of a Kubernetes cluster does, and publishes the key to check them with.
type issuer struct {
	*httptest.Server
	key jose.JSONWebKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{key: newKey(t)}
	mux := http.NewServeMux()
	answer := func(path string, doc func() any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(doc()) })
	}
	answer("/.well-known/openid-configuration", func() any { return map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"} })
	answer("/keys", func() any { return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}} })
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func newKey(t *testing.T) jose.JSONWebKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: "1", Algorithm: string(jose.RS256), Use: "sig"}
}

// token is good for so long, for who may read and write.
func (i *issuer) token(t *testing.T, key jose.JSONWebKey, audience string, good time.Duration) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: i.URL, Subject: "system:serviceaccount:jobs:weir", Audience: jwt.Audience{audience}, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(good)),
	}).Claims(map[string]any{"policy": "readwrite"}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWebIdentity: credentials come from a server that checks tokens; those that end are replaced with what the token's file holds by then.
func TestWebIdentity(t *testing.T) {
	i := newIssuer(t)
	server := objecttest.MinIO(t, t.TempDir(), i.URL)
	url, _, _ := strings.Cut(server.URL("x"), "&key_id_file=")
	url += "&attempts=2"
	file := filepath.Join(t.TempDir(), "token")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/weir") // this server does without
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://"+server.Addr())

	for what, token := range map[string]string{
		"of another's key": i.token(t, newKey(t), "weir", time.Minute),
		"for others":       i.token(t, i.key, "others", time.Minute),
		"of yesterday":     i.token(t, i.key, "weir", -24*time.Hour),
		"that is none":     "none",
	} {
		writeFile(t, file, token)
		_, err := open(t, url)
		if err == nil || errors.Is(err, remote.ErrUnavailable) || !strings.Contains(err.Error(), "check the credentials") || strings.Contains(err.Error(), token) {
			t.Errorf("a token %s: error %v", what, err)
		}
	}

	writeFile(t, file, i.token(t, i.key, "weir", time.Minute))
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	if _, err := open(t, url); !errors.Is(err, remote.ErrUnavailable) {
		t.Errorf("who gives credentials is away: error %v", err)
	}
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://"+server.Addr())

	const good = 8 * time.Second
	writeFile(t, file, i.token(t, i.key, "weir", good))
	s := mustOpen(t, url)
	defer s.Close()
	if err := storetest.Put(s, "1", []byte("1")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(good + time.Second)
	if err := storetest.Put(s, "2", []byte("2")); err == nil {
		t.Error("credentials of a token that has ended are taken")
	}
	writeFile(t, file, i.token(t, i.key, "weir", time.Minute))
	if err := storetest.Put(s, "3", []byte("3")); err != nil {
		t.Errorf("with a new token: %v", err)
	}
}
