package savepoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/savepoint/rows/parquet"
	"github.com/weirstream/weir/savepoint/statesql"
	"github.com/weirstream/weir/state"
)

const benchEntries = 1_000_000

// sums is a savepoint of counts, or of JSON documents of 60 bytes, on disk.
func sums(b *testing.B, codec string) string {
	b.Helper()
	d := counts
	d.ValueCodec = codec
	url := "file://" + b.TempDir() + "/sp"
	_, err := savepoint.New(128).With(func(_ context.Context, w *savepoint.Writer) error {
		s, err := w.State(d)
		for i := 0; i < benchEntries && err == nil; i++ {
			value, _ := state.Int64{}.Append(nil, int64(i))
			if codec == "json" {
				value = fmt.Appendf(nil, `{"key":"user-%08d","value":%d,"createdAt":1700000000000}`, i, i)
			}
			err = s.Value(fmt.Appendf(nil, "user-%08d", i), value)
		}
		return err
	}).Write(context.Background(), url, savepoint.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return url
}

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkScan reads and verifies a savepoint and shows every entry as a row.
func BenchmarkScan(b *testing.B) {
	ctx := context.Background()
	for _, codec := range []string{"int64-be", "json"} {
		url := sums(b, codec)
		for _, form := range []string{"none", "jsonlines", "csv", "parquet", "sql"} {
			b.Run(codec+"/"+form, func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					sp, err := savepoint.Load(ctx, url)
					if err != nil {
						b.Fatal(err)
					}
					if err := scan(ctx, sp, form); err != nil {
						b.Fatal(err)
					}
					sp.Close()
				}
				perSecond(b, benchEntries)
			})
		}
	}
}

func scan(ctx context.Context, sp *savepoint.Savepoint, form string) (err error) {
	if form == "sql" {
		db, err := statesql.Open(ctx, sp)
		if err != nil {
			return err
		}
		defer db.Close()
		var n int64
		return db.QueryRow(`SELECT count(*) FROM count_sum WHERE value <> ''`).Scan(&n)
	}
	w := rows.NewJSONLines(io.Discard)
	switch form {
	case "csv":
		w, err = rows.NewCSV(io.Discard, []string{rows.Key, rows.Value})
	case "parquet":
		w = parquet.NewWriter(io.Discard, sp.Header().States[0])
	}
	var e savepoint.Entry
	for next, failed := range sp.Entries(ctx, savepoint.Filter{}) {
		e = next
		if err != nil || failed != nil {
			return fmt.Errorf("%w %w", err, failed)
		}
		if form != "none" {
			err = w.Write(&e)
		}
	}
	return w.Close()
}

// BenchmarkImport makes a savepoint of JSON lines: parsed, encoded, sorted, merged, written.
func BenchmarkImport(b *testing.B) {
	var in bytes.Buffer
	for i := range benchEntries {
		fmt.Fprintf(&in, `{"key":"user-%08d","value":%d}`+"\n", i*7919%benchEntries, i)
	}
	for _, memory := range []int{16 << 20, savepoint.DefaultMemory} {
		b.Run(fmt.Sprintf("%dMiB", memory>>20), func(b *testing.B) {
			dir := "file://" + b.TempDir()
			for i := range b.N {
				edit := savepoint.New(128).With(func(_ context.Context, w *savepoint.Writer) error {
					s, err := w.State(counts)
					if err != nil {
						return err
					}
					enc, err := rows.NewEncoder(s, nil, nil)
					if err != nil {
						return err
					}
					r, err := rows.NewJSONReader(bytes.NewReader(in.Bytes()), "")
					for err == nil {
						var row rows.Row
						if row, err = r.Next(); err == nil {
							err = enc.Put(row)
						}
					}
					if errors.Is(err, io.EOF) {
						err = nil
					}
					return err
				})
				if _, err := edit.Write(context.Background(), fmt.Sprintf("%s/%d", dir, i), savepoint.Options{Memory: memory}); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, benchEntries)
		})
	}
}

// BenchmarkEdit copies a savepoint with one value changed.
func BenchmarkEdit(b *testing.B) {
	ctx := context.Background()
	url := sums(b, "int64-be")
	for i := range b.N {
		sp, err := savepoint.Load(ctx, url)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sp.Edit().With(numbered(0, 1)).Write(ctx, fmt.Sprintf("%s-%d", url, i), savepoint.Options{}); err != nil {
			b.Fatal(err)
		}
		sp.Close()
	}
	perSecond(b, benchEntries)
}

// BenchmarkProcess bootstraps by a process function.
func BenchmarkProcess(b *testing.B) {
	dir := "file://" + b.TempDir()
	records := func(yield func(savepoint.KV[string, int64], error) bool) {
		for i := range benchEntries {
			if !yield(savepoint.KV[string, int64]{Key: fmt.Sprintf("user-%08d", i*7919%benchEntries), Value: int64(i)}, nil) {
				return
			}
		}
	}
	for i := range b.N {
		edit := savepoint.New(128).WithOperator("classify_data", savepoint.Process(state.String{}, records, setThreshold))
		if _, err := edit.Write(context.Background(), fmt.Sprintf("%s/%d", dir, i), savepoint.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, benchEntries)
}
