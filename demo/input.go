package demo

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

//go:embed text.txt
var ownText []byte

// text is what the feeder reads.
type text struct {
	name  string   // for people
	files []string // none: ownText
	again bool     // begin anew at the end
}

// commonTexts are folders of text that many machines have.
var commonTexts = []string{"/usr/share/common-licenses", "/usr/local/go/doc", "/usr/lib/go/doc", "/usr/share/doc"}

// openText finds the text to feed: what the user names, else what the machine has, else our own.
func openText(input string) (text, error) {
	if input != "" {
		files, err := textFiles(input, 0)
		if err == nil && len(files) == 0 {
			err = errors.New("no text file is there")
		}
		if err != nil {
			return text{}, fmt.Errorf("--input=%s: %w; expected a text file or a folder of them", input, err)
		}
		return text{name: input, files: files}, nil
	}
	for _, folder := range commonTexts {
		if files, err := textFiles(folder, 100); err == nil && len(files) > 0 {
			return text{folder, files, true}, nil
		}
	}
	return text{name: "a text of its own", again: true}, nil
}

// textFiles lists the text files at or below path, limit of them at most unless it is 0.
func textFiles(path string, limit int) ([]string, error) {
	var files []string
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == path {
				return err
			}
			return nil // a folder that we may not read has nothing for us
		}
		if limit > 0 && len(files) == limit {
			return fs.SkipAll
		}
		if !d.IsDir() && isText(p) {
			files = append(files, p)
		}
		return nil
	})
	return files, err
}

// isText says whether a file begins like text. It follows links, of which licence folders are full.
func isText(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := io.ReadFull(f, head)
	return n > 0 && bytes.IndexByte(head[:n], 0) < 0
}

// lines yields the lines of the text that are not empty. A line is valid until the next one.
func (t text) lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for more := true; more; more = t.again {
			if len(t.files) == 0 && !eachLine(bytes.NewReader(ownText), yield) {
				return
			}
			for _, file := range t.files {
				if !fileLines(file, yield) {
					return
				}
			}
		}
	}
}

func fileLines(file string, yield func([]byte, error) bool) bool {
	f, err := os.Open(file)
	if err != nil {
		return yield(nil, err)
	}
	defer f.Close()
	return eachLine(f, yield)
}

// maxLine is where longer lines are cut: any broker takes records of this size.
const maxLine = 64 << 10

func eachLine(r io.Reader, yield func([]byte, error) bool) bool {
	b := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := b.ReadSlice('\n')
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 && !yield(line, nil) {
			return false
		}
		switch {
		case err == io.EOF:
			return true
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return yield(nil, err)
		}
	}
}
