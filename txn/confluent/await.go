package confluent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/txn"
)

// closeTimeout bounds the closing of an instance.
const closeTimeout = 5 * time.Second

// errAbandoned says that a call of the client was left to itself, because its context ended.
var errAbandoned = errors.New("given up waiting for the Kafka client")

// await runs a blocking call of the client and returns its error, or ctx's end if that comes first. Then the call
// goes on in the background; done is called when it has ended, in either case.
func await(ctx context.Context, done func(), call func() error) error {
	result := make(chan error, 1)
	go func() {
		defer done()
		result <- call()
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errAbandoned, context.Cause(ctx))
	}
}

// bounded runs a call that should end soon and reports it if it does not; then the call is left to itself.
func bounded(op operation, limit time.Duration, call func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := await(ctx, func() {}, call)
	if errors.Is(err, errAbandoned) {
		return &txn.Error{Op: string(op), Class: txn.ClassUnknown, Code: "_TIMED_OUT",
			Err: fmt.Errorf("the Kafka client has not ended within %v; it is left behind: %w", limit, err)}
	}
	return err
}
