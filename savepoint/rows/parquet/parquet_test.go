package parquet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gopq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"go.uber.org/goleak"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/savepoint/rows/parquet"
	"github.com/weirstream/weir/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fill writes some entries of a state; n is how many.
func fill(d state.Descriptor, n int) savepoint.Bootstrap {
	return func(_ context.Context, w *savepoint.Writer) error {
		s, err := w.State(d)
		for i := 0; i < n && err == nil; i++ {
			key := fmt.Appendf(nil, "key-%d\xff", i%7)
			number, _ := state.Float64{}.Append(nil, []float64{1.5, math.Inf(-1), math.NaN(), float64(i)}[i%4])
			switch d.Kind {
			case state.KindMap:
				err = s.MapEntry(key, fmt.Append(nil, "base64:", i), number)
			case state.KindList:
				err = s.Element(key, fmt.Appendf(nil, `{"n":%d}`, i))
			case state.KindTimer:
				err = s.Timer(key, state.Domain(i%2), int64(i), make([]byte, 16*(i%2)))
			default:
				err = s.Value(fmt.Append(nil, "key", i), []byte{byte(i % 2)})
			}
		}
		return err
	}
}

func load(t *testing.T, url string) *savepoint.Savepoint {
	t.Helper()
	sp, err := savepoint.Load(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sp.Close() })
	return sp
}

func rowsOf(t *testing.T, sp *savepoint.Savepoint) string {
	t.Helper()
	var b strings.Builder
	out := rows.NewJSONLines(&b)
	for e, err := range sp.Entries(t.Context(), savepoint.Filter{}) {
		if err == nil {
			err = out.Write(&e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is written as Parquet, and read in two halves, is the same state.
func TestRoundTrip(t *testing.T) {
	const n = 3000
	for _, d := range []state.Descriptor{
		{UID: "op", Name: "value", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "bool"},
		{UID: "op", Name: "map", Kind: state.KindMap, KeyCodec: "bytes", MapKeyCodec: "string", ValueCodec: "float64-be"},
		{UID: "op", Name: "list", Kind: state.KindList, KeyCodec: "my-own", ValueCodec: "json"},
		{UID: "op", Name: "timers", Kind: state.KindTimer, KeyCodec: "string", ValueCodec: "none"},
	} {
		t.Run(d.Name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := savepoint.New(3).With(fill(d, n)).Write(t.Context(), "file://"+dir+"/a", savepoint.Options{}); err != nil {
				t.Fatal(err)
			}
			a := load(t, "file://"+dir+"/a")
			f, err := os.Create(filepath.Join(dir, "rows.parquet"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			out := parquet.NewWriter(f, d)
			for e, err := range a.Entries(t.Context(), savepoint.Filter{}) {
				if err == nil {
					err = out.Write(&e)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := out.Close(); err != nil {
				t.Fatal(err)
			}
			edit := savepoint.New(3).With(func(_ context.Context, w *savepoint.Writer) error {
				s, err := w.State(d)
				if err != nil {
					return err
				}
				enc, err := rows.NewEncoder(s, nil, nil)
				if err != nil {
					return err
				}
				position, err := copyRows(f, "", 1500, enc)
				if err == nil {
					_, err = copyRows(f, position, n, enc)
				}
				return err
			})
			if _, err := edit.Write(t.Context(), "file://"+dir+"/b", savepoint.Options{}); err != nil {
				t.Fatal(err)
			}
			if rowsOf(t, a) != rowsOf(t, load(t, "file://"+dir+"/b")) {
				t.Error("the states differ")
			}
		})
	}
}

// copyRows copies at most n rows from position.
func copyRows(f *os.File, position string, n int, enc *rows.Encoder) (string, error) {
	in, err := parquet.NewReader(f, position)
	if err != nil {
		return "", err
	}
	for range n {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = enc.Put(row)
		}
		if err != nil {
			return "", err
		}
	}
	return in.Position(), nil
}

// readAll are the rows of a file that has these, each with its columns sorted by name.
func readAll[T any](t *testing.T, content ...T) (all []string, err error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f.parquet")
	if err := gopq.WriteFile(name, content); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := parquet.NewReader(f, "")
	if err != nil {
		return nil, err
	}
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		var cells []string
		for column, cell := range row {
			cells = append(cells, column+"="+cell.String())
		}
		slices.Sort(cells)
		all = append(all, strings.Join(cells, " "))
	}
}

// Files of other programs have other types.
func TestForeignTypes(t *testing.T) {
	type foreign struct {
		Small  int32     `parquet:"small"`
		Byte   uint8     `parquet:"byte"`
		Word   uint32    `parquet:"word"`
		Number uint64    `parquet:"number"`
		Real   float32   `parquet:"real"`
		When   time.Time `parquet:"when,timestamp(microsecond)"`
		None   *string   `parquet:"none,optional"`
	}
	got, err := readAll(t,
		foreign{7, 200, 3_000_000_000, math.MaxInt64, 0.5, time.UnixMilli(1234), nil},
		foreign{-7, 0, math.MaxUint32, 0, -0.5, time.UnixMicro(-1500), nil})
	want := []string{
		"byte=200 number=9223372036854775807 real=0.5 small=7 when=1234 word=3000000000",
		"byte=0 number=0 real=-0.5 small=-7 when=-2 word=4294967295",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// What a column can't be read as is refused, and not taken for something else.
func TestForeignTypesRefused(t *testing.T) {
	type nested struct {
		In struct{ A int64 } `parquet:"in"`
	}
	type large struct {
		Number uint64 `parquet:"number"`
	}
	type old struct {
		When deprecated.Int96 `parquet:"when"`
	}
	type decimal struct {
		Price int64 `parquet:"price,decimal(2:10)"`
	}
	type date struct {
		Day int32 `parquet:"day,date"`
	}
	refused := func(want string, got []string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, %v, want a refusal with %q", got, err, want)
		}
	}
	got, err := readAll(t, nested{})
	refused(`"in" is nested`, got, err)
	got, err = readAll(t, large{1}, large{1 << 63})
	refused(`"number": 9223372036854775808 is more than`, got, err)
	got, err = readAll(t, old{deprecated.Int96{1, 2, 3}})
	refused(`"when" is an INT96`, got, err)
	got, err = readAll(t, decimal{1234})
	refused(`"price" is a DECIMAL`, got, err)
	got, err = readAll(t, date{20_000})
	refused(`"day" is a DATE`, got, err)
}
