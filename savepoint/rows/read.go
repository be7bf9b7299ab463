package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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
		var err error
		j.at, err = skipMark(r)
		return j, err
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

// skipMark skips the mark of UTF-8 that some programs put before all else, and returns where the text begins.
func skipMark(r io.ReadSeeker) (int64, error) {
	mark := make([]byte, 3)
	n, err := io.ReadFull(r, mark)
	if err == nil && string(mark) == "\uFEFF" {
		return int64(n), nil
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	}
	return r.Seek(0, io.SeekStart)
}
