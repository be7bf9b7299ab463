package cryptstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/checkpoint/cryptstore"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	first  = "0000000000000000000000000000000000000000000000000000000000000001"
	second = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI="
)

func keys(t testing.TB, text string) *cryptstore.Keys {
	t.Helper()
	k, err := cryptstore.ParseKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return cryptstore.New(memstore.Open(""), keys(t, first)) })
}

// TestSizes: contents around the ends of blocks come back, and listings tell their sizes.
func TestSizes(t *testing.T) {
	s := cryptstore.New(memstore.Open(""), keys(t, first))
	const block = 64 << 10
	for _, n := range []int{0, 1, block - 1, block, block + 1, 2 * block, 3*block + 17} {
		data := bytes.Repeat([]byte("x"), n)
		err := s.Put(t.Context(), "a", func(w io.Writer) error {
			for i := 0; i < n; i += 777 { // not in one piece
				if _, err := w.Write(data[i:min(n, i+777)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := storetest.Get(s, "a"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		if infos, err := s.List(t.Context(), ""); err != nil || len(infos) != 1 || infos[0].Size != int64(n) {
			t.Errorf("%d bytes: listed as %v, %v", n, infos, err)
		}
	}
}

// TestEveryBitCounts: whatever is changed, cut off or added in the store, nothing else than what was written is ever read.
func TestEveryBitCounts(t *testing.T) {
	raw := memstore.Open("")
	s := cryptstore.New(raw, keys(t, first))
	data := bytes.Repeat([]byte("content!"), 9000) // two blocks
	if err := storetest.Put(s, "a", data); err != nil {
		t.Fatal(err)
	}
	sealed, err := storetest.Get(raw, "a")
	if err != nil || bytes.Contains(sealed, []byte("content!")) {
		t.Fatalf("in the store: %.100q, %v", sealed, err)
	}
	refused := func(what string, damaged []byte) {
		t.Helper()
		if err := storetest.Put(raw, "a", damaged); err != nil {
			t.Fatal(err)
		}
		got, err := storetest.Get(s, "a")
		var corrupt *entryfile.CorruptError
		var key *cryptstore.KeyError
		var version *entryfile.VersionError
		named := errors.As(err, &corrupt) && corrupt.File == "a" || errors.As(err, &key) && key.File == "a" || errors.As(err, &version)
		if !named || !bytes.HasPrefix(data, got) {
			t.Errorf("%s: %d bytes, error %v", what, len(got), err)
		}
	}
	places := []int{len(sealed) - 1}
	for at := 0; at < len(sealed); at += 1 + at/90*101 { // the header densely
		places = append(places, at)
	}
	for _, at := range places {
		flipped := bytes.Clone(sealed)
		flipped[at] ^= 1 << (at % 8)
		refused(fmt.Sprintf("bit at byte %d", at), flipped)
		refused(fmt.Sprintf("cut at byte %d", at), sealed[:at])
	}
	const head, block = 47 + 32, 64<<10 + 16
	refused("more behind the end", append(bytes.Clone(sealed), 0))
	refused("without the last block", sealed[:head+block])
	refused("without the first block", append(bytes.Clone(sealed[:head]), sealed[head+block:]...))
	refused("the first block twice", append(bytes.Clone(sealed[:head+block]), sealed[head:]...))
}

// TestOtherName: a file that is put under another name is refused.
func TestOtherName(t *testing.T) {
	raw := memstore.Open("")
	s := cryptstore.New(raw, keys(t, first))
	if err := storetest.Put(s, "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	sealed, _ := storetest.Get(raw, "a")
	if err := storetest.Put(raw, "b", sealed); err != nil {
		t.Fatal(err)
	}
	if got, err := storetest.Get(s, "b"); err == nil {
		t.Errorf("%q was read under another name", got)
	}
}

func TestKeys(t *testing.T) {
	raw := memstore.Open("")
	old := cryptstore.New(raw, keys(t, first))
	if err := storetest.Put(old, "a", []byte("old")); err != nil {
		t.Fatal(err)
	}
	_, err := storetest.Get(cryptstore.New(raw, keys(t, second)), "a")
	var wrong *cryptstore.KeyError
	if !errors.As(err, &wrong) || wrong.Wants != keys(t, first).ID() || !strings.Contains(err.Error(), "a was encrypted with key "+wrong.Wants) || !strings.Contains(err.Error(), "holds "+keys(t, second).ID()) {
		t.Errorf("with another key: %v", err)
	}
	both := cryptstore.New(raw, keys(t, "# new\n"+second+"\n\n# old\n "+first+"\n"))
	if got, err := storetest.Get(both, "a"); err != nil || string(got) != "old" {
		t.Errorf("after the change of keys: %q, %v", got, err)
	}
	if err := storetest.Put(both, "b", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Get(old, "b"); !errors.As(err, &wrong) {
		t.Errorf("the new key was not used: %v", err)
	}
	if err := storetest.Put(raw, "plain", []byte("weir-manifest 1 …")); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Get(both, "plain"); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "plain is not encrypted") {
		t.Errorf("not encrypted: %v", err)
	}
	if shown := fmt.Sprintf("%v %+v %#v", keys(t, first), keys(t, first), keys(t, first)); strings.Contains(shown, "00000001") {
		t.Errorf("keys are shown as %s", shown)
	}
}

func TestReadKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	for content, want := range map[string]string{
		"":                  "it has no key",
		"# nothing\n":       "it has no key",
		first + "\nmy-key":  "line 2: expected 32 bytes",
		"c2hvcnQ=":          "line 1: expected 32 bytes",
		"\n" + first + "00": "line 2: expected 32 bytes",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := cryptstore.ReadKeys(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "my-key") {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := cryptstore.ReadKeys("/nowhere"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing: %v", err)
	}
}

// TestFailures: an error of the store below comes through, and nothing is there after one while writing.
func TestFailures(t *testing.T) {
	for _, mode := range storetest.Modes {
		in := storetest.NewInjector(memstore.Open(""), 0, mode, false)
		s := cryptstore.New(in, keys(t, first))
		if err := storetest.Put(s, "a", bytes.Repeat([]byte("x"), 200_000)); !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("put, %s: %v", mode, err)
		}
	}
	raw := memstore.Open("")
	if err := storetest.Put(cryptstore.New(raw, keys(t, first)), "a", bytes.Repeat([]byte("x"), 200_000)); err != nil {
		t.Fatal(err)
	}
	s := cryptstore.New(storetest.NewInjector(raw, 0, storetest.Halfway, false), keys(t, first))
	if _, err := storetest.Get(s, "a"); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("get: %v", err)
	}
}

func Example() {
	keys, err := cryptstore.ParseKeys([]byte(first))
	if err != nil {
		fmt.Println(err)
		return
	}
	below := memstore.Open("")
	s := cryptstore.New(below, keys)
	err = s.Put(context.Background(), "job/latest", func(w io.Writer) error {
		_, err := io.WriteString(w, "nobody's business")
		return err
	})
	sealed, _ := storetest.Get(below, "job/latest")
	content, _ := storetest.Get(s, "job/latest")
	fmt.Printf("%.26s, %s, %v\n", sealed, content, err)
	// Output: weir-sealed 1 aes-256-gcm , nobody's business, <nil>
}
