package zipstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/checkpoint/cryptstore"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/checkpoint/zipstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Run("compressing", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store { return zipstore.New(memstore.Open(""), true) }, storetest.OtherSizes)
	})
	t.Run("reading only", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store { return zipstore.New(memstore.Open(""), false) })
	})
	t.Run("compressed and encrypted", func(t *testing.T) {
		keys, err := cryptstore.ParseKeys([]byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI="))
		if err != nil {
			t.Fatal(err)
		}
		storetest.Run(t, func(*testing.T) store.Store { return zipstore.New(cryptstore.New(memstore.Open(""), keys), true) }, storetest.OtherSizes)
	})
}

// TestBeginAndEnd: files from before, with and without compression, stay readable.
func TestBeginAndEnd(t *testing.T) {
	raw := memstore.Open("")
	off, on := zipstore.New(raw, false), zipstore.New(raw, true)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for _, data := range [][]byte{nil, []byte("x"), []byte("1234"), large} {
		for name, s := range map[string]store.Store{"off": off, "on": on} {
			if err := storetest.Put(s, name, data); err != nil {
				t.Fatal(err)
			}
			for _, reader := range []store.Store{off, on} {
				if got, err := storetest.Get(reader, name); err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, %d bytes: got %d, %v", name, len(data), len(got), err)
				}
			}
		}
	}
	if infos, err := raw.List(t.Context(), "on"); err != nil || infos[0].Size > int64(len(large)/10) {
		t.Errorf("compressed to %v, %v", infos, err)
	}
}

// TestDamage: a file that is cut short or changed is an error that names it, or comes out as it was; it never ends as if it were whole.
func TestDamage(t *testing.T) {
	raw := memstore.Open("")
	s := zipstore.New(raw, true)
	rng := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte(rng.IntN(16))
	}
	if err := storetest.Put(s, "a", data); err != nil {
		t.Fatal(err)
	}
	zipped, err := storetest.Get(raw, "a")
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, damaged []byte) {
		t.Helper()
		if err := storetest.Put(raw, "a", damaged); err != nil {
			t.Fatal(err)
		}
		got, err := storetest.Get(s, "a")
		var corrupt *entryfile.CorruptError
		if errors.As(err, &corrupt) && corrupt.File == "a" || err == nil && (bytes.Equal(got, data) || bytes.Equal(got, damaged)) {
			return // not a frame any more: read as it is, and refused for its own checksum
		}
		t.Errorf("%s: %d bytes, %v", what, len(got), err)
	}
	for at := 0; at < len(zipped); at += 1 + at/20*37 {
		flipped := bytes.Clone(zipped)
		flipped[at] ^= 1 << (at % 8)
		check(fmt.Sprintf("bit at byte %d", at), flipped)
		check(fmt.Sprintf("cut at byte %d", at), zipped[:at])
	}
}

// TestFailures: a store that fails is not taken for damage.
func TestFailures(t *testing.T) {
	for _, mode := range storetest.Modes {
		s := zipstore.New(storetest.NewInjector(memstore.Open(""), 0, mode, false), true)
		if err := storetest.Put(s, "a", bytes.Repeat([]byte("x"), 200_000)); !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("put, %s: %v", mode, err)
		}
	}
	raw := memstore.Open("")
	if err := storetest.Put(zipstore.New(raw, true), "a", bytes.Repeat([]byte("x"), 200_000)); err != nil {
		t.Fatal(err)
	}
	_, err := storetest.Get(zipstore.New(storetest.NewInjector(raw, 0, storetest.Halfway, false), true), "a")
	var corrupt *entryfile.CorruptError
	if !errors.Is(err, storetest.ErrInjected) || errors.As(err, &corrupt) {
		t.Errorf("get: %v", err)
	}
}

func Example() {
	below := memstore.Open("")
	s := zipstore.New(below, true)
	err := s.Put(context.Background(), "job/delta/1", func(w io.Writer) error {
		_, err := w.Write(bytes.Repeat([]byte("key and value, "), 1000))
		return err
	})
	infos, _ := below.List(context.Background(), "")
	content, _ := storetest.Get(s, "job/delta/1")
	fmt.Printf("%d bytes in less than 100: %t, %v\n", len(content), infos[0].Size < 100, err)
	// Output: 15000 bytes in less than 100: true, <nil>
}
