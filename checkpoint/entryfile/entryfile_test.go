package entryfile_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func encode(t testing.TB, entries []state.Entry) ([]byte, entryfile.Summary) {
	t.Helper()
	var b bytes.Buffer
	w := entryfile.NewWriter(&b)
	for _, e := range entries {
		if err := w.Add(e.Key, e.Value, e.Delete); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if sum.Size != int64(b.Len()) || sum.Entries != uint64(len(entries)) {
		t.Fatalf("summary %+v of %d bytes, %d entries", sum, b.Len(), len(entries))
	}
	return b.Bytes(), sum
}

func decode(r io.Reader) (entries []state.Entry, sum entryfile.Summary, err error) {
	in := entryfile.NewReader(r, "the-file", 0)
	for {
		e, ok, err := in.Next()
		if err != nil {
			_, again, err2 := in.Next()
			if again || !errors.Is(err2, err) {
				return nil, sum, fmt.Errorf("after error %w: %v, %w", err, again, err2)
			}
			return entries, sum, err
		}
		if !ok {
			return entries, in.Summary(), nil
		}
		entries = append(entries, e)
	}
}

func same(a, b []state.Entry) bool {
	return slices.EqualFunc(a, b, func(x, y state.Entry) bool {
		return bytes.Equal(x.Key, y.Key) && bytes.Equal(x.Value, y.Value) && x.Delete == y.Delete
	})
}

func numbered(n, valueLen int) []state.Entry {
	entries := make([]state.Entry, n)
	for i := range entries {
		entries[i].Key = fmt.Appendf(nil, "\x00\x01\x00\x01\x0ckey%09d", i)
		if entries[i].Delete = i%7 == 3; !entries[i].Delete {
			entries[i].Value = bytes.Repeat([]byte{byte(i)}, valueLen)
		}
	}
	return entries
}

func TestRoundTrip(t *testing.T) {
	big := []state.Entry{{Key: []byte("a")}, {Key: []byte("b"), Value: make([]byte, 3<<20)}, {Key: []byte("c"), Delete: true}}
	for name, entries := range map[string][]state.Entry{
		"none": nil, "empty key": {{Key: []byte{}, Value: []byte("x")}}, "one": numbered(1, 10), "many": numbered(10_000, 30), "big": big,
	} {
		t.Run(name, func(t *testing.T) {
			file, wrote := encode(t, entries)
			for _, r := range []io.Reader{bytes.NewReader(file), iotest.HalfReader(bytes.NewReader(file))} {
				got, read, err := decode(r)
				if err != nil || !same(got, entries) || read != wrote {
					t.Fatalf("got %d entries, %+v, %v; want %d, %+v", len(got), read, err, len(entries), wrote)
				}
			}
		})
	}
}

func TestRoundTripRapid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.SliceOfN(rapid.Byte(), 0, 40), func(k []byte) string { return string(k) }).Draw(t, "keys")
		slices.SortFunc(keys, bytes.Compare)
		entries := make([]state.Entry, len(keys))
		var b bytes.Buffer
		w := entryfile.NewWriter(&b)
		for i, k := range keys {
			entries[i] = state.Entry{Key: k, Delete: rapid.Bool().Draw(t, "delete")}
			if !entries[i].Delete {
				entries[i].Value = bytes.Repeat(k, rapid.SampledFrom([]int{0, 1, 100, 3000}).Draw(t, "n"))
			}
			if err := w.Add(k, entries[i].Value, entries[i].Delete); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, _, err := decode(&b); err != nil || !same(got, entries) {
			t.Fatalf("got %v, %v; want %v", got, err, entries)
		}
	})
}

// TestLentRoom: the file is the same whether frames are made in the writer's room, which is overwritten as soon as it is full, or beside it.
func TestLentRoom(t *testing.T) {
	entries := slices.Concat(numbered(10_000, 40), []state.Entry{{Key: []byte("x"), Value: make([]byte, 300_000)}}, []state.Entry{{Key: []byte("y")}})
	want, _ := encode(t, entries)
	var b bytes.Buffer
	lent := bufio.NewWriterSize(&b, 100_000)
	w := entryfile.NewWriter(lent)
	for _, e := range entries {
		if err := w.Add(e.Key, e.Value, e.Delete); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil || lent.Flush() != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) || string(w.Last()) != "y" {
		t.Errorf("%d other bytes than the %d without; last key %q", b.Len(), len(want), w.Last())
	}
}

// TestEveryBitCounts flips bits of every byte and cuts the file everywhere: the error names the file, and no entry that comes out
// before it is wrong.
func TestEveryBitCounts(t *testing.T) {
	entries := slices.Concat(numbered(40, 10), []state.Entry{{Key: []byte("x"), Value: make([]byte, 70_000)}}, []state.Entry{{Key: []byte("y")}})
	file, _ := encode(t, entries)
	check := func(what string, damaged []byte) {
		t.Helper()
		got, _, err := decode(bytes.NewReader(damaged))
		var corrupt *entryfile.CorruptError
		if !errors.As(err, &corrupt) || corrupt.File != "the-file" || corrupt.Offset < 0 || corrupt.Offset > int64(len(damaged)) {
			t.Fatalf("%s: error %v, want a CorruptError of the file within it", what, err)
		}
		if len(got) > len(entries) || !same(got, entries[:len(got)]) {
			t.Fatalf("%s: wrong entries came out before the error", what)
		}
	}
	interesting := func(i int) bool { return i < 700 || i > len(file)-120 || i%1999 == 0 }
	for i := range file {
		if !interesting(i) {
			continue
		}
		for _, bit := range []byte{1, 0x10, 0x80} {
			damaged := bytes.Clone(file)
			damaged[i] ^= bit
			check(fmt.Sprintf("byte %d ^ %#x", i, bit), damaged)
		}
		check(fmt.Sprintf("cut at %d", i), file[:i])
	}
	check("one more byte", append(bytes.Clone(file), 0))
	check("twice", append(bytes.Clone(file), file...))
}

// TestMovedFrames: frames that are whole but in another place, or of another file.
func TestMovedFrames(t *testing.T) {
	a, _ := encode(t, numbered(5_000, 40))
	const header, frame = 16, 24
	second := header + frame + int(uint32(a[header])|uint32(a[header+1])<<8|uint32(a[header+2])<<16)
	for name, damaged := range map[string][]byte{
		"first frame missing":  slices.Concat(a[:header], a[second:]),
		"first frame repeated": slices.Concat(a[:second], a[header:]),
	} {
		var corrupt *entryfile.CorruptError
		if _, _, err := decode(bytes.NewReader(damaged)); !errors.As(err, &corrupt) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestNewerVersion(t *testing.T) {
	_, _, err := decode(strings.NewReader(entryfile.HeaderForTest(2) + "whatever"))
	var version *entryfile.VersionError
	if !errors.As(err, &version) || version.Has != 2 || !strings.Contains(err.Error(), "newer version") || !strings.Contains(err.Error(), "the-file") {
		t.Errorf("error %v", err)
	}
	if _, _, err := decode(strings.NewReader(entryfile.HeaderForTest(0))); err == nil || errors.As(err, &version) {
		t.Errorf("format 0: error %v", err)
	}
}

func TestUnsortedIsRefused(t *testing.T) {
	for _, keys := range [][2]string{{"b", "a"}, {"a", "a"}, {"a", ""}} {
		w := entryfile.NewWriter(io.Discard)
		if err := w.Add([]byte(keys[0]), nil, false); err != nil {
			t.Fatal(err)
		}
		if err := w.Add([]byte(keys[1]), nil, false); err == nil || !strings.Contains(err.Error(), "sorted") {
			t.Errorf("%q: error %v", keys, err)
		}
	}
}

func TestReadAndWriteErrorsPass(t *testing.T) {
	mine := errors.New("mine")
	file, _ := encode(t, numbered(3_000, 40))
	for _, n := range []int{0, 5, 30, 200, 70_000, len(file) - 1, len(file)} {
		_, _, err := decode(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(mine)))
		var corrupt *entryfile.CorruptError
		if !errors.Is(err, mine) || errors.As(err, &corrupt) || !strings.Contains(err.Error(), "the-file") {
			t.Errorf("after %d bytes: error %v", n, err)
		}
	}
	w := entryfile.NewWriter(failing{mine})
	var err error
	for _, e := range numbered(10_000, 40) {
		if err = w.Add(e.Key, e.Value, e.Delete); err != nil {
			break
		}
	}
	if !errors.Is(err, mine) {
		t.Errorf("write: error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzReader: whatever the bytes, there is an error or a valid file, no panic; and what was read can be written again.
func FuzzReader(f *testing.F) {
	for _, entries := range [][]state.Entry{nil, numbered(3, 5), numbered(2_000, 40)} {
		file, _ := encode(f, entries)
		f.Add(file)
	}
	f.Add([]byte(entryfile.HeaderForTest(1)))
	f.Fuzz(func(t *testing.T, file []byte) {
		entries, sum, err := decode(bytes.NewReader(file))
		if err != nil {
			return
		}
		if _, again := encode(t, entries); again.Entries != sum.Entries {
			t.Errorf("wrote %+v, read %+v", again, sum)
		}
	})
}

// FuzzFrame puts the bytes into a frame whose checksums hold: only a writer with a bug could make it.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{1, 2, 'k', 'v'}, uint32(1))
	f.Add([]byte{1, 1, 'k', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, uint32(2))
	f.Add([]byte{0x80}, uint32(1))
	f.Fuzz(func(t *testing.T, payload []byte, count uint32) {
		_, _, err := decode(bytes.NewReader(entryfile.FrameForTest(payload, count)))
		var corrupt *entryfile.CorruptError
		if !errors.As(err, &corrupt) { // it has no footer
			t.Errorf("error %v", err)
		}
	})
}

func benchEntries() []state.Entry {
	entries := make([]state.Entry, 100_000)
	for i := range entries {
		entries[i] = state.Entry{Key: fmt.Appendf(nil, "\x00\x01\x00\x01\x0ckey%09d", i), Value: make([]byte, 23)}
	}
	return entries
}

func BenchmarkWrite(b *testing.B) {
	entries := benchEntries()
	file, _ := encode(b, entries)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		w := entryfile.NewWriter(io.Discard)
		for i := range entries {
			if err := w.Add(entries[i].Key, entries[i].Value, entries[i].Delete); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	file, _ := encode(b, benchEntries())
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		in := entryfile.NewReader(bytes.NewReader(file), "f", 0)
		for {
			_, ok, err := in.Next()
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
		}
	}
}

func TestReadBlock(t *testing.T) {
	entries := numbered(10_000, 40)
	file, _ := encode(t, entries)
	in := entryfile.NewReader(bytes.NewReader(file), "f", 0)
	var got []state.Entry
	for blocks := 0; ; blocks++ {
		n := len(got)
		var err error
		if got, err = in.ReadBlock(got); err != nil {
			t.Fatal(err)
		}
		if len(got) == n {
			if blocks < 5 || !same(got, entries) {
				t.Errorf("%d blocks, %d entries", blocks, len(got))
			}
			return
		}
	}
}
