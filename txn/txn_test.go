package txn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/txn"
)

func ExampleClassOf() {
	err := error(&txn.Error{Op: "commit transaction", Class: txn.ClassUnknown, Code: "_TIMED_OUT", Err: context.DeadlineExceeded})
	err = fmt.Errorf("epoch 7: %w", err)
	fmt.Println(err)
	fmt.Println(txn.ClassOf(err) == txn.ClassUnknown, errors.Is(err, context.DeadlineExceeded))
	fmt.Println(txn.ClassOf(errors.New("something else")), txn.ClassOf(nil) == 0)
	// Output:
	// epoch 7: commit transaction: context deadline exceeded (_TIMED_OUT; outcome unknown)
	// true true
	// fatal true
}

func TestClassNames(t *testing.T) {
	seen := map[string]bool{}
	for c := txn.ClassRetry; c <= txn.ClassFatal; c++ {
		if seen[c.String()] || strings.HasPrefix(c.String(), "class ") {
			t.Errorf("class %d is called %q", c, c)
		}
		seen[c.String()] = true
	}
	if got := txn.Class(99).String(); got != "class 99" {
		t.Error(got)
	}
}

// TestRecycle: a recycled batch keeps nothing alive and comes back empty.
func TestRecycle(t *testing.T) {
	b := txn.NewBatch(txn.Partition{Topic: "t", ID: 3})
	if b.Partition.ID != 3 || len(b.Records) != 0 || b.Bytes != 0 {
		t.Fatalf("%+v", b)
	}
	b.Records = append(b.Records, txn.Record{Key: []byte("k"), Topic: "t"})
	b.Bytes = 1
	kept := b.Records
	txn.Recycle(b)
	txn.Recycle(nil)
	if kept[0].Key != nil || kept[0].Topic != "" {
		t.Errorf("a recycled batch still holds %+v", kept[0])
	}
	if b = txn.NewBatch(txn.Partition{}); len(b.Records) != 0 || b.Bytes != 0 || b.Partition.Topic != "" {
		t.Errorf("%+v", b)
	}
}
