package rows_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/weirstream/weir/savepoint/rows"
)

// lined is a reader that knows its line.
type lined interface {
	rows.Reader
	Line() int
}

// An error names the line that a row ends on, which is counted on where an interruption has left off. Lines without a row count as well.
func TestCSVLines(t *testing.T) {
	const in = "key,value\r\na,1\n\nb,\"two\n\nlines\"\n\"c\nc\",3\r\nd,4\n"
	want := []string{"a 1 2", "b two\n\nlines 6", "c\nc 3 8", "d 4 9"}
	position := ""
	for _, w := range want {
		r := csvReader(t, in, position)
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(row["key"], " ", row["value"], " ", r.Line()); got != w {
			t.Errorf("got %q, want %q", got, w)
		}
		position = r.Position()
	}
	if _, err := csvReader(t, in, position).Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end", err)
	}
}

func csvReader(t *testing.T, in, position string) lined {
	t.Helper()
	r, err := rows.NewCSVReader(strings.NewReader(in), position)
	if err != nil {
		t.Fatal(err)
	}
	return r.(lined)
}

// A line that is wrong has its number, behind an interruption too, and one that an older version noted without lines can be gone on from.
func TestCSVWrongLine(t *testing.T) {
	const in = "key,value\na,1\nb,2,3\n"
	for position, line := range map[string]int{"": 3, "14:2": 3, "14": 1} {
		r := csvReader(t, in, position)
		if position == "" {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Next(); err == nil || strings.Contains(err.Error(), "line") || r.Line() != line {
			t.Errorf("%q: got %v on line %d, want %d", position, err, r.Line(), line)
		}
	}
}

// A mark of UTF-8 before all else is no part of the first column's name, and of no JSON.
func TestMarkOfUTF8(t *testing.T) {
	for name, open := range map[string]func(position string) (rows.Reader, error){
		"csv": func(p string) (rows.Reader, error) {
			return rows.NewCSVReader(strings.NewReader("\uFEFFkey\na\nb\n"), p)
		},
		"json": func(p string) (rows.Reader, error) {
			return rows.NewJSONReader(strings.NewReader("\uFEFF{\"key\":\"a\"}\n{\"key\":\"b\"}\n"), p)
		},
	} {
		position := ""
		for _, want := range []string{"a", "b"} {
			r, err := open(position)
			if err != nil {
				t.Fatal(err)
			}
			row, err := r.Next()
			if err != nil || row["key"].String() != want {
				t.Errorf("%s: got %v, %v, want %s", name, row, err, want)
			}
			position = r.Position()
		}
	}
}

func TestCSVColumnTwice(t *testing.T) {
	if _, err := rows.NewCSVReader(strings.NewReader("key,value,key\n"), ""); err == nil || !strings.Contains(err.Error(), `"key" twice`) {
		t.Errorf("got %v, want a refusal", err)
	}
}
