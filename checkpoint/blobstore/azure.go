package blobstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"

	"github.com/weirstream/weir/checkpoint/remote"
)

func openAzure(ctx context.Context, u *remote.URL) (*blob.Bucket, service, error) {
	transport := newTransport()
	client, err := azureClient(u, &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: &http.Client{Transport: transport},
		Retry:     policy.RetryOptions{MaxRetries: 2, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: 2 * time.Second},
	}})
	if err != nil {
		return nil, service{}, scrubSignature(err)
	}
	bucket, err := azureblob.OpenBucket(ctx, client, nil)
	return bucket, service{close: transport.CloseIdleConnections, scrub: scrubSignature}, err
}

// azureClient takes the credentials that are given: a key, a connection string, a shared access signature; else the machine's identity.
func azureClient(u *remote.URL, o *container.ClientOptions) (*container.Client, error) {
	key, err := given(u, "key_file", "AZURE_STORAGE_KEY")
	if err != nil {
		return nil, err
	}
	sas, err := given(u, "sas_file", "AZURE_STORAGE_SAS_TOKEN")
	if err != nil {
		return nil, err
	}
	connection := os.Getenv("AZURE_STORAGE_CONNECTION_STRING")
	if key == "" && sas == "" && connection != "" {
		return container.NewClientFromConnectionString(connection, u.Host, o)
	}
	account := cmp.Or(u.Get("account"), os.Getenv("AZURE_STORAGE_ACCOUNT"))
	place := u.Get("endpoint")
	if place == "" {
		if account == "" {
			return nil, errors.New("no storage account: add account=… to the URL, or set AZURE_STORAGE_ACCOUNT")
		}
		place = "https://" + account + ".blob.core.windows.net"
	}
	place = strings.TrimSuffix(place, "/") + "/" + u.Host
	switch {
	case key != "":
		credential, err := azblob.NewSharedKeyCredential(account, key)
		if err != nil {
			return nil, fmt.Errorf("the storage account's key is not one: expected base64, and the account's name (account=…): %w", err)
		}
		return container.NewClientWithSharedKeyCredential(place, credential, o)
	case sas != "":
		return container.NewClientWithNoCredential(place+"?"+strings.TrimPrefix(sas, "?"), o)
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, fmt.Errorf("no credentials: %w", err)
	}
	return container.NewClient(place, credential, o)
}

// given is a secret from a file that the URL names, or from the environment.
func given(u *remote.URL, parameter, env string) (string, error) {
	if file := u.Get(parameter); file != "" {
		return secretFrom(parameter, file)
	}
	return os.Getenv(env), nil
}

// A shared access signature is part of the address of every request, and so of errors.
var signature = regexp.MustCompile(`(sig=)[^&"'\s]+`)

func scrubSignature(err error) error {
	if !signature.MatchString(err.Error()) {
		return err
	}
	return scrubbed{err, signature.ReplaceAllString(err.Error(), "$1********")}
}

type scrubbed struct {
	error
	text string
}

func (s scrubbed) Error() string { return s.text }
func (s scrubbed) Unwrap() error { return s.error }
