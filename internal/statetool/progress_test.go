package statetool

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// On a terminal what reads much says how far it is, and clears its line in the end. What it writes is the same.
func TestReadingShown(t *testing.T) {
	var in strings.Builder
	in.WriteString("key,value\n")
	for i := range 2 * lookEvery {
		fmt.Fprintf(&in, "key-%d,%d\n", i, i)
	}
	url := "file://" + t.TempDir() + "/sp"
	must(t, "bootstrap", file(t, "in.csv", in.String()), "--to", url, "--uid", "count", "--name", "sum", "--value-codec", "int64-be")
	for _, args := range [][]string{
		{"count", url}, {"stats", url}, {"scan", url}, {"scan", url, "--format", "parquet", "--output", filepath.Join(t.TempDir(), "rows")}, {"diff", url, url},
	} {
		var out, errs bytes.Buffer
		tool := Tool{Name: "processor", Out: &out, Err: &errs, Terminal: true}
		if code := tool.Run(t.Context(), args); code != 0 {
			t.Fatalf("%q: exit code %d, %s", args, code, errs.String())
		}
		if got := errs.String(); !strings.Contains(got, "read      [") || !strings.HasSuffix(got, "\r\033[K") || strings.Count(got, "\n") > 0 {
			t.Errorf("%q: got %q", args, got)
		}
		if want := must(t, args...); out.String() != want {
			t.Errorf("%q: other output than without a terminal", args)
		}
	}
}
