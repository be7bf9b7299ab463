package blobstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"gocloud.dev/gcerrors"

	"github.com/weirstream/weir/checkpoint/remote"
)

var errNoBucket = errors.New("the bucket (container) does not exist: create it, or correct its name, the region or the endpoint")

// passes says whether trying again may help.
func passes(err error) bool {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound, gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.FailedPrecondition, gcerrors.AlreadyExists, gcerrors.Unimplemented:
		return false
	}
	return !refused(err)
}

// refused finds what drivers don't tell apart: credentials that are wrong.
func refused(err error) bool {
	for _, code := range []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed", "AuthorizationFailure",
		"failed to refresh cached credentials", "get credentials", "DefaultAzureCredential"} {
		if strings.Contains(err.Error(), code) {
			return !unanswered(err)
		}
	}
	return false
}

// unanswered says whether who gives credentials for tokens is away, which passes. Without any credentials AWS's chain ends with asking the machine for its role, and
// most have none to ask.
func unanswered(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && strings.Contains(err.Error(), "AssumeRole")
}

// failed is the error of an operation on a blob: where, what, why, and what to do.
func (s *Store) failed(op, name string, err error) error {
	return fmt.Errorf("checkpoint store %s: %s %s: %w", s.url, op, name, s.explain(err))
}

// explain says what to do about an error, and marks those that may pass. An error that is explained already is left alone.
func (s *Store) explain(err error) error {
	if err == nil || errors.Is(err, errNoBucket) || errors.As(err, new(*explained)) {
		return err
	}
	if s.service.scrub != nil {
		err = s.service.scrub(err)
	}
	var netErr net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case refused(err) || gcerrors.Code(err) == gcerrors.PermissionDenied:
		return &explained{err, "refused: check the credentials, and that they may list, read, write and delete below the URL"}
	case errors.Is(err, remote.ErrUnavailable):
		return err
	case errors.As(err, &netErr):
		return &explained{fmt.Errorf("%w: %w", remote.ErrUnavailable, err), "check that the endpoint is right and can be reached from here"}
	}
	return err
}

// explained is an error with advice.
type explained struct {
	error
	advice string
}

func (e *explained) Error() string { return e.error.Error() + "; " + e.advice }
func (e *explained) Unwrap() error { return e.error }
