package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ExampleFeed() {
	ctx := context.Background()
	s := memstore.Open("")
	feed := store.NewFeed(ctx, s, "greeting")
	for _, word := range []string{"hello", " ", "world"} {
		if _, err := io.WriteString(feed, word); err != nil {
			fmt.Println(feed.Abort(err))
			return
		}
	}
	if err := feed.Close(); err != nil {
		fmt.Println(err)
		return
	}
	blob, err := storetest.Get(s, "greeting")
	fmt.Printf("%s %v\n", blob, err)
	// Output: hello world <nil>
}

// TestFeed: whatever the sizes of what is written, the blob is all of it.
func TestFeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := memstore.Open("")
		f := store.NewFeed(context.Background(), s, "x")
		var want bytes.Buffer
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 700_000), 0, 6).Draw(t, "sizes") {
			p := bytes.Repeat([]byte{byte(i + 1)}, n)
			want.Write(p)
			if rapid.Bool().Draw(t, "in its room") {
				p = append(f.AvailableBuffer(), p...)
			}
			if m, err := f.Write(p); m != n || err != nil {
				t.Fatal(m, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := storetest.Get(s, "x"); err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("%d bytes, %v; want %d", len(got), err, want.Len())
		}
	})
}

var errBroken = errors.New("broken")

// stopping is a store whose Put takes some bytes and then ends.
type stopping struct {
	store.Store
	after int
	err   error
}

func (s stopping) Put(_ context.Context, _ string, write func(io.Writer) error) error {
	if s.after < 0 {
		return s.err
	}
	_ = write(&limited{s.after})
	return s.err
}

type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestFeedFailure: a Put that ends too early ends the writing, whether it says why or not, and none waits for it for ever.
func TestFeedFailure(t *testing.T) {
	for _, after := range []int{-1, 0, 1 << 20, 3 << 20} {
		for _, err := range []error{errBroken, nil} {
			f := store.NewFeed(context.Background(), stopping{after: after, err: err}, "x")
			var failed error
			for range 16 {
				if _, failed = f.Write(make([]byte, 300_000)); failed != nil {
					break
				}
			}
			closed := f.Close()
			if failed == nil {
				failed = closed
			}
			if closed == nil || failed == nil || err != nil && (!errors.Is(closed, err) || !errors.Is(failed, err)) {
				t.Errorf("after %d, %v: write %v, close %v", after, err, failed, closed)
			}
		}
	}
}

// TestFeedAbort: nothing is there of what was given up, at whatever time.
func TestFeedAbort(t *testing.T) {
	for _, n := range []int{0, 1, 600_000, 5 << 20} {
		s := memstore.Open("")
		f := store.NewFeed(context.Background(), s, "x")
		if _, err := io.WriteString(f, strings.Repeat("x", n)); err != nil {
			t.Fatal(err)
		}
		if err := f.Abort(errBroken); !errors.Is(err, errBroken) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if _, err := s.Get(context.Background(), "x"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestFeedCancelled: ctx ends a Put that waits for more.
func TestFeedCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := store.NewFeed(ctx, memstore.Open(""), "x")
	cancel()
	var err error
	for err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := f.Close(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
