package rows

import (
	"bufio"
	"encoding/csv"
	"io"

	"github.com/weirstream/weir/savepoint"
)

// Writer writes entries as rows.
type Writer interface {
	Write(e *savepoint.Entry) error
	// Close writes what is left. It does not close what it writes to.
	Close() error
}

// jsonLines writes an object for each row.
type jsonLines struct {
	out     *bufio.Writer
	layouts Layouts
	line    []byte
}

// NewJSONLines writes JSON lines: entries of any states.
func NewJSONLines(w io.Writer) Writer {
	return &jsonLines{out: bufio.NewWriterSize(w, 1<<18), layouts: Layouts{}}
}

func (j *jsonLines) Write(e *savepoint.Entry) (err error) {
	if j.line, err = j.layouts.Of(e).AppendJSON(j.line[:0], e); err != nil || len(j.line) == 0 {
		return err
	}
	j.line = append(j.line, '\n')
	_, err = j.out.Write(j.line)
	return err
}

func (j *jsonLines) Close() error { return j.out.Flush() }

// csvWriter writes a line for each row.
type csvWriter struct {
	out     *csv.Writer
	layouts Layouts
	columns []string
	line    []string
	text    []byte
}

// AllColumns are the columns of any state.
var AllColumns = []string{UID, Name, Key, MapKey, Index, Domain, At, Namespace, Value}

// NewCSV writes CSV with a first line of names. columns are those that are wanted, nil for all.
func NewCSV(w io.Writer, columns []string) (Writer, error) {
	if columns == nil {
		columns = AllColumns
	}
	c := &csvWriter{out: csv.NewWriter(w), layouts: Layouts{}, columns: columns}
	return c, c.out.Write(columns)
}

func (c *csvWriter) Write(e *savepoint.Entry) error {
	l := c.layouts.Of(e)
	cells, ok, err := l.Cells(e)
	if err != nil || !ok {
		return err
	}
	c.line = c.line[:0]
	for _, name := range c.columns {
		c.line = append(c.line, c.field(l, e, cells, name))
	}
	return c.out.Write(c.line)
}

func (c *csvWriter) field(l *Layout, e *savepoint.Entry, cells []Cell, name string) string {
	switch name {
	case UID:
		return e.State.UID
	case Name:
		return e.State.Name
	}
	for i, column := range l.columns {
		if column.Name == name {
			c.text = cells[i].AppendText(c.text[:0])
			return string(c.text)
		}
	}
	return ""
}

func (c *csvWriter) Close() error {
	c.out.Flush()
	return c.out.Error()
}
