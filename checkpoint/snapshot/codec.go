package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/weirstream/weir/checkpoint"
)

// The header's file is one line of text and the header as JSON:
//
//	weir-savepoint <format> <bytes of JSON> <xxhash64 of the line up to here and of the JSON>\n
//
// The line is the same in every format, so that a newer one is told from damage.
const (
	magic         = "weir-savepoint"
	maxHeaderJSON = 64 << 20
	maxHeaderLine = 100
)

func firstLine(format, size int, body []byte) string {
	prefix := fmt.Sprintf("%s %d %d", magic, format, size)
	d := xxhash.New()
	_, _ = d.WriteString(prefix) // a Digest's writes never fail
	_, _ = d.Write(body)
	return fmt.Sprintf("%s %016x\n", prefix, d.Sum64())
}

func encodeHeader(h Header) ([]byte, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if body = append(body, '\n'); len(body) > maxHeaderJSON {
		return nil, fmt.Errorf("its header has %d bytes, at most %d are allowed", len(body), maxHeaderJSON)
	}
	return append([]byte(firstLine(h.Format, len(body), body)), body...), nil
}

// readHeader reads and verifies the whole file. Unknown fields are ignored: a field that must not be ignored comes with a new format.
func readHeader(r io.Reader, file string) (Header, error) {
	const most = maxHeaderLine + maxHeaderJSON
	all, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return Header{}, fmt.Errorf("read %s: %w", file, err)
	}
	line, body := cutLine(all)
	var format, size int
	var sum uint64
	_, err = fmt.Sscanf(line, magic+" %d %d %x\n", &format, &size, &sum)
	if err != nil || format < 1 {
		return Header{}, &checkpoint.CorruptError{File: file, Detail: fmt.Sprintf("it begins with %q, which is no first line of a savepoint", line)}
	}
	// The line is compared as text, so no other spelling of the same numbers passes.
	if want := firstLine(format, len(body), body); line != want {
		return Header{}, &checkpoint.CorruptError{File: file, Detail: fmt.Sprintf("its first line is %q, computed from its content %q", line, want)}
	}
	if format > Format {
		return Header{}, &checkpoint.VersionError{File: file, Has: format, Supports: Format}
	}
	var h Header
	err = json.Unmarshal(body, &h)
	if err == nil && h.Format != format {
		err = errors.New("the header contradicts its first line about the format")
	}
	if err == nil {
		err = h.check()
	}
	if err != nil {
		return Header{}, &checkpoint.CorruptError{File: file, Offset: int64(len(line)), Detail: err.Error()}
	}
	return h, nil
}

// cutLine returns what may be the first line, with its end, and what follows it.
func cutLine(all []byte) (line string, rest []byte) {
	for i, c := range all[:min(len(all), maxHeaderLine)] {
		if c == '\n' {
			return string(all[:i+1]), all[i+1:]
		}
	}
	return string(all[:min(len(all), maxHeaderLine)]), nil
}
