package blobstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/weirstream/weir/checkpoint/remote"
)

// rereadSecrets is how soon mounted keys that were changed are used.
const rereadSecrets = 5 * time.Minute

func openS3(ctx context.Context, u *remote.URL) (*blob.Bucket, service, error) {
	pathStyle, err := u.Bool("path_style")
	if err != nil {
		return nil, service{}, err
	}
	options, err := s3Options(u)
	if err != nil {
		return nil, service{}, err
	}
	cfg, err := s3Config(ctx, u)
	if err != nil {
		return nil, service{}, err
	}
	// The SDK's own client has what AWS_CA_BUNDLE asks for, but never lets its connections go.
	transport := newTransport()
	if c, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		transport.TLSClientConfig = c.GetTransport().TLSClientConfig
	}
	cfg.HTTPClient = &http.Client{Transport: transport}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		if endpoint := u.Get("endpoint"); endpoint != "" {
			o.BaseEndpoint = &endpoint
			// Checksums that the SDK adds by itself are unknown to older servers; Weir's files have their own.
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	bucket, err := s3blob.OpenBucket(ctx, client, u.Host, options)
	return bucket, service{close: transport.CloseIdleConnections}, err
}

// s3Config finds region and credentials as all AWS programs do, web identity and instance roles included, unless the URL says otherwise.
func s3Config(ctx context.Context, u *remote.URL) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 2 * time.Second })
		}),
	}
	if region := u.Get("region"); region != "" {
		load = append(load, config.WithRegion(region))
	}
	if profile := u.Get("profile"); profile != "" {
		load = append(load, config.WithSharedConfigProfile(profile))
	}
	keys := mountedKeys{id: u.Get("key_id_file"), secret: u.Get("secret_key_file"), token: u.Get("session_token_file")}
	if keys != (mountedKeys{}) {
		if _, err := keys.Retrieve(ctx); err != nil {
			return aws.Config{}, err
		}
		load = append(load, config.WithCredentialsProvider(aws.NewCredentialsCache(keys)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, fmt.Errorf("AWS settings: %w", err)
	}
	if cfg.Region == "" {
		if u.Get("endpoint") == "" {
			return cfg, errors.New("no region: add region=… to the URL, or set AWS_REGION")
		}
		cfg.Region = "us-east-1" // what servers that have no regions expect
	}
	return cfg, nil
}

func s3Options(u *remote.URL) (*s3blob.Options, error) {
	sse, err := u.OneOf("sse", "AES256", "aws:kms", "aws:kms:dsse")
	if err != nil {
		return nil, err
	}
	key := u.Get("kms_key_id")
	if key != "" && sse != "aws:kms" && sse != "aws:kms:dsse" {
		return nil, errors.New("parameter kms_key_id has no effect without sse=aws:kms; add that")
	}
	return &s3blob.Options{EncryptionType: types.ServerSideEncryption(sse), KMSEncryptionID: key}, nil
}

// mountedKeys are static keys in files, read anew from time to time.
type mountedKeys struct{ id, secret, token string }

// Retrieve implements aws.CredentialsProvider.
func (m mountedKeys) Retrieve(context.Context) (aws.Credentials, error) {
	if m.id == "" || m.secret == "" {
		return aws.Credentials{}, errors.New("parameters key_id_file and secret_key_file go together: name both files")
	}
	c := aws.Credentials{Source: "files", CanExpire: true, Expires: time.Now().Add(rereadSecrets)}
	var err error
	if c.AccessKeyID, err = secretFrom("key_id_file", m.id); err != nil {
		return c, err
	}
	if c.SecretAccessKey, err = secretFrom("secret_key_file", m.secret); err != nil || m.token == "" {
		return c, err
	}
	c.SessionToken, err = secretFrom("session_token_file", m.token)
	return c, err
}
