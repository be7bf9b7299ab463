package statetool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weirstream/weir/internal/diskfull"
)

// output is where rows go: the standard output, or the file of --output. That is written beside its place, and put there when it is whole: what stood there stays if the command
// fails on the way.
type output struct {
	io.Writer
	file *os.File // nil: the standard output
	to   string   // what file is to be called in the end; empty: it is what --output names, a device or a pipe
}

func (t *Tool) output(o *options) (*output, error) {
	if o.output == "" {
		return &output{Writer: t.Out}, nil
	}
	out, err := openOutput(o.output)
	if err != nil {
		return nil, fmt.Errorf("--output: %w", diskfull.Explain(err))
	}
	return out, nil
}

func openOutput(name string) (*output, error) {
	mode := fs.FileMode(0o666)
	switch info, err := os.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &output{Writer: f, file: f}, err
	default:
		mode = info.Mode().Perm()
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return nil, err
		}
	}
	partial := name + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a scan that was killed
		return nil, err
	}
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	return &output{Writer: f, file: f, to: name}, err
}

// end puts the file into its place, unless failed says that it is not whole.
func (out *output) end(failed error) error {
	if out.file == nil {
		return failed
	}
	err := errors.Join(failed, out.file.Close())
	switch {
	case out.to == "":
	case err == nil:
		err = os.Rename(out.file.Name(), out.to)
	default:
		err = errors.Join(err, os.Remove(out.file.Name()))
	}
	return err
}
