package rows

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// csvReader reads CSV.
type csvReader struct {
	in      *csv.Reader
	columns []string
	base    int64 // where in begins: bytes, and lines before it
	lines   int
	line    int // the last one that is read
	row     Row
}

// NewCSVReader reads CSV whose first line names the columns.
func NewCSVReader(r io.ReadSeeker, position string) (Reader, error) {
	c := &csvReader{row: Row{}}
	var err error
	if c.base, err = skipMark(r); err != nil {
		return nil, err
	}
	c.in = csv.NewReader(r)
	if c.columns, err = c.in.Read(); err != nil {
		return nil, fmt.Errorf("the first line of CSV, which names the columns: %w", err)
	}
	for i, name := range c.columns {
		if slices.Contains(c.columns[:i], name) {
			return nil, fmt.Errorf("the first line of CSV names column %q twice: which one counts?", name)
		}
	}
	if position == "" {
		return c, nil
	}
	if err := c.resume(position); err != nil {
		return nil, fmt.Errorf("position %q of CSV: %w", position, err)
	}
	if _, err := r.Seek(c.base, io.SeekStart); err != nil {
		return nil, err
	}
	c.in = csv.NewReader(r)
	c.in.FieldsPerRecord = len(c.columns)
	return c, nil
}

// resume takes a position: bytes, and lines unless it was written before they were counted.
func (c *csvReader) resume(position string) (err error) {
	at, lines, counted := strings.Cut(position, ":")
	if c.base, err = strconv.ParseInt(at, 10, 64); err == nil && counted {
		c.lines, err = strconv.Atoi(lines)
	}
	return err
}

func (c *csvReader) Position() string { return fmt.Sprintf("%d:%d", c.base+c.in.InputOffset(), c.line) }

// Line is the number of the last line, for errors.
func (c *csvReader) Line() int { return c.line }

func (c *csvReader) Next() (Row, error) {
	fields, err := c.in.Read()
	if err != nil {
		if wrong := (*csv.ParseError)(nil); errors.As(err, &wrong) {
			c.line, err = c.lines+wrong.Line, wrong.Err
		}
		return nil, err
	}
	last := len(fields) - 1
	line, _ := c.in.FieldPos(last)
	c.line = c.lines + line + strings.Count(fields[last], "\n")
	clear(c.row)
	for i, f := range fields {
		c.row[c.columns[i]] = Cell{Kind: Text, Bytes: []byte(f)}
	}
	return c.row, nil
}
