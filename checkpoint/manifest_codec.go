package checkpoint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/weirstream/weir/checkpoint/entryfile"
)

// CorruptError says which file is damaged and where.
type CorruptError = entryfile.CorruptError

// VersionError says that a file was written by a newer version of Weir.
type VersionError = entryfile.VersionError

// A manifest file is one line of text, the manifest as JSON, and the delta if it is inline:
//
//	weir-manifest <format> <bytes of JSON> <bytes of delta> <xxhash64 of the line up to here and of the JSON>\n
//
// The line is the same in every format, so that a newer one is told from damage.
const (
	manifestMagic   = "weir-manifest"
	maxManifestLine = 100
	maxManifestJSON = 64 << 20
)

func manifestLine(format, jsonLen int, deltaLen int64, body []byte) string {
	prefix := fmt.Sprintf("%s %d %d %d", manifestMagic, format, jsonLen, deltaLen)
	return fmt.Sprintf("%s %016x\n", prefix, sumManifest(prefix, body))
}

func sumManifest(prefix string, body []byte) uint64 {
	d := xxhash.New()
	_, _ = d.WriteString(prefix) // a Digest's writes never fail
	_, _ = d.Write(body)
	return d.Sum64()
}

// encodeManifest returns the whole file; delta is empty unless it is inline.
func encodeManifest(m Manifest, delta []byte) ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("manifest of checkpoint %s: %w", m.ID, err)
	}
	if body = append(body, '\n'); len(body) > maxManifestJSON {
		return nil, fmt.Errorf("manifest of checkpoint %s has %d bytes, at most %d are allowed", m.ID, len(body), maxManifestJSON)
	}
	line := manifestLine(m.Format, len(body), int64(len(delta)), body)
	out := make([]byte, 0, len(line)+len(body)+len(delta))
	return append(append(append(out, line...), body...), delta...), nil
}

// readManifest reads the manifest of a job's shard from r, up to its inline delta, if it has one, which begins at byte end. Unknown fields are
// ignored: a field that must not be ignored comes with a new format.
func readManifest(r *bufio.Reader, file, job, shard string) (m Manifest, end int64, err error) {
	line, format, deltaLen, body, err := readManifestBody(r, file)
	if err != nil {
		return Manifest{}, 0, err
	}
	corrupt := func(detail error) (Manifest, int64, error) {
		return Manifest{}, 0, &CorruptError{File: file, Offset: int64(len(line)), Detail: detail.Error()}
	}
	if format > ManifestFormat {
		return Manifest{}, 0, &VersionError{File: file, Has: format, Supports: ManifestFormat}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return corrupt(err)
	}
	if err := m.check(job, shard); err != nil {
		return corrupt(err)
	}
	if m.Format != format || m.Delta.Inline != (deltaLen > 0) || m.Delta.Inline && m.Delta.Size != deltaLen {
		return corrupt(fmt.Errorf("the manifest contradicts its first line %q", line))
	}
	end = int64(len(line) + len(body))
	if deltaLen == 0 {
		if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
			return Manifest{}, 0, tail(err, file, end)
		}
	}
	return m, end, nil
}

func tail(err error, file string, end int64) error {
	if err != nil {
		return fmt.Errorf("read %s at byte %d: %w", file, end, err)
	}
	return &CorruptError{File: file, Offset: end, Detail: "bytes follow the end"}
}

// readManifestBody verifies the checksum.
func readManifestBody(r *bufio.Reader, file string) (line string, format int, deltaLen int64, body []byte, err error) {
	b, err := r.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return "", 0, 0, nil, fmt.Errorf("read %s: %w", file, err)
	}
	line = string(b[:min(len(b), maxManifestLine)])
	var size int
	var sum uint64
	_, err = fmt.Sscanf(line, manifestMagic+" %d %d %d %x\n", &format, &size, &deltaLen, &sum)
	if err != nil || format < 1 || size < 0 || size > maxManifestJSON || deltaLen < 0 {
		return "", 0, 0, nil, &CorruptError{File: file, Detail: fmt.Sprintf("it begins with %q, which is no first line of a manifest", line)}
	}
	if body, err = readN(r, size); err != nil {
		if errors.Is(err, io.EOF) {
			return "", 0, 0, nil, &CorruptError{File: file, Offset: int64(len(line) + len(body)), Detail: "it ends inside the manifest"}
		}
		return "", 0, 0, nil, fmt.Errorf("read %s: %w", file, err)
	}
	// The line is compared as text, so no other spelling of the same numbers passes.
	if want := manifestLine(format, size, deltaLen, body); line != want {
		return "", 0, 0, nil, &CorruptError{File: file, Detail: fmt.Sprintf("its first line is %q, computed from its content %q", line, want)}
	}
	return line, format, deltaLen, body, nil
}

// readN reads n bytes; memory follows the bytes that are really there.
func readN(r io.Reader, n int) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.CopyN(&b, r, int64(n))
	return b.Bytes(), err
}
