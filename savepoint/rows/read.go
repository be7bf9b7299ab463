package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Reader reads rows. Rows are valid until the next call.
type Reader interface {
	// Next returns the next row; the error is io.EOF at the end.
	Next() (Row, error)
	// Position is where to go on behind the last row, for a Reader of the same input.
	Position() string
}

// jsonReader reads JSON lines.
type jsonReader struct {
	in   *bufio.Reader
	at   int64
	line int

	object jsonObject
}

// NewJSONReader reads JSON lines: an object for each row, whose fields are columns. It goes on at position, if that is not empty.
func NewJSONReader(r io.ReadSeeker, position string) (Reader, error) {
	j := &jsonReader{in: bufio.NewReaderSize(r, 1<<18), object: jsonObject{names: map[string]string{}, row: Row{}}}
	if position == "" {
		return j, nil
	}
	if _, err := fmt.Sscanf(position, "%d:%d", &j.at, &j.line); err != nil {
		return nil, fmt.Errorf("position %q of JSON lines: %w", position, err)
	}
	_, err := r.Seek(j.at, io.SeekStart)
	return j, err
}

// Line is the number of the last line, for errors.
func (j *jsonReader) Line() int { return j.line }

func (j *jsonReader) Position() string { return fmt.Sprintf("%d:%d", j.at, j.line) }

func (j *jsonReader) Next() (Row, error) {
	for {
		b, err := j.readLine()
		if err != nil {
			return nil, err
		}
		j.line++
		if b = bytes.TrimSpace(b); len(b) == 0 {
			continue
		}
		return j.object.row, j.object.parse(b)
	}
}

// readLine reads a line of any length; the last one may lack its end.
func (j *jsonReader) readLine() ([]byte, error) {
	b, err := j.in.ReadBytes('\n')
	j.at += int64(len(b))
	if errors.Is(err, io.EOF) && len(b) > 0 {
		err = nil
	}
	return b, err
}

// csvReader reads CSV.
type csvReader struct {
	in      *csv.Reader
	columns []string
	base    int64
	row     Row
}

// NewCSVReader reads CSV whose first line names the columns.
func NewCSVReader(r io.ReadSeeker, position string) (Reader, error) {
	c := &csvReader{in: csv.NewReader(r), row: Row{}}
	var err error
	if c.columns, err = c.in.Read(); err != nil {
		return nil, fmt.Errorf("the first line of CSV, which names the columns: %w", err)
	}
	if position == "" {
		return c, nil
	}
	if c.base, err = strconv.ParseInt(position, 10, 64); err != nil {
		return nil, fmt.Errorf("position %q of CSV: %w", position, err)
	}
	if _, err := r.Seek(c.base, io.SeekStart); err != nil {
		return nil, err
	}
	c.in = csv.NewReader(r)
	c.in.FieldsPerRecord = len(c.columns)
	return c, nil
}

func (c *csvReader) Position() string { return strconv.FormatInt(c.base+c.in.InputOffset(), 10) }

func (c *csvReader) Next() (Row, error) {
	fields, err := c.in.Read()
	if err != nil {
		return nil, err
	}
	clear(c.row)
	for i, f := range fields {
		c.row[c.columns[i]] = Cell{Kind: Text, Bytes: []byte(f)}
	}
	return c.row, nil
}
