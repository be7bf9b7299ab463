package blobstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"google.golang.org/api/option"

	"github.com/weirstream/weir/checkpoint/remote"
)

func openGCS(ctx context.Context, u *remote.URL) (*blob.Bucket, service, error) {
	anonymous, err := u.Bool("anonymous")
	if err != nil {
		return nil, service{}, err
	}
	transport := newTransport()
	client := gcp.NewAnonymousHTTPClient(transport)
	if !anonymous {
		creds, err := gcp.DefaultCredentials(ctx)
		if err != nil {
			return nil, service{}, fmt.Errorf("%w; set GOOGLE_APPLICATION_CREDENTIALS to a key file, use the machine's identity, or add anonymous=true", err)
		}
		if client, err = gcp.NewHTTPClient(transport, creds.TokenSource); err != nil {
			return nil, service{}, err
		}
	}
	var o gcsblob.Options
	if endpoint := u.Get("endpoint"); endpoint != "" {
		o.ClientOptions = []option.ClientOption{option.WithEndpoint(strings.TrimSuffix(endpoint, "/") + "/storage/v1/"), storage.WithJSONReads()}
	}
	bucket, err := gcsblob.OpenBucket(ctx, client, u.Host, &o)
	if err != nil {
		return nil, service{}, err
	}
	var c *storage.Client
	if bucket.As(&c) {
		// Names are written once and with the same bytes: every request may be repeated.
		c.SetRetry(storage.WithPolicy(storage.RetryAlways), storage.WithMaxAttempts(u.Policy.Attempts),
			storage.WithBackoff(gax.Backoff{Initial: 100 * time.Millisecond, Max: 2 * time.Second, Multiplier: 2}))
	}
	return bucket, service{close: transport.CloseIdleConnections}, nil
}
