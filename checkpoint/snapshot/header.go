package snapshot

import (
	"fmt"
	"regexp"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// Format is the format that this version writes, and the newest it reads.
const Format = 1

// Header says what a savepoint is of, and which files it has.
type Header struct {
	Format int `json:"format"`
	// Job is the job that it was taken of; empty: it was made from nothing.
	Job  string `json:"job,omitempty"`
	Name string `json:"name"`
	// Created is informational, as are Checkpoints, those that it was taken at (one for each shard), and Exchange, that of the job.
	Created     time.Time `json:"created"`
	Checkpoints []string  `json:"checkpoints,omitempty"`
	Exchange    string    `json:"exchange,omitempty"`

	MaxParallelism int                         `json:"maxParallelism"`
	States         []state.Descriptor          `json:"states"`
	Sources        []checkpoint.SourcePosition `json:"sources"`
	// Watermarks say how far event time has come in the stages behind exchanges.
	Watermarks []checkpoint.StageWatermark `json:"watermarks,omitempty"`
	// Drained: all timers and windows that were set before have fired.
	Drained bool `json:"drained,omitempty"`

	Files []File `json:"files"`
}

// File is an entry file of the savepoint's folder.
type File struct {
	checkpoint.FileRef
	// First and Last are the lowest and the highest key group in it.
	First uint16 `json:"first"`
	Last  uint16 `json:"last"`
}

// Size is the bytes of all files.
func (h *Header) Size() (n int64) {
	for _, f := range h.Files {
		n += f.Size
	}
	return n
}

// Entries is how many entries all files have.
func (h *Header) Entries() (n uint64) {
	for _, f := range h.Files {
		n += f.FileRef.Entries
	}
	return n
}

// check says what is wrong with a header that was read or is to be written.
func (h *Header) check() error {
	if h.MaxParallelism < 1 || h.MaxParallelism > state.MaxParallelismLimit {
		return fmt.Errorf("its max parallelism is %d, expected 1 to %d", h.MaxParallelism, state.MaxParallelismLimit)
	}
	if _, err := state.NewRegistry(h.States); err != nil {
		return err
	}
	names := map[string]bool{}
	for i, f := range h.Files {
		switch {
		case !isData(f.Name) || names[f.Name] || f.Inline:
			return fmt.Errorf("it names a data file %q, which is none, or which it names twice", f.Name)
		case f.First > f.Last || int(f.Last) >= h.MaxParallelism:
			return fmt.Errorf("its file %s has key groups %d to %d of %d", f.Name, f.First, f.Last, h.MaxParallelism)
		case i > 0 && f.First < h.Files[i-1].Last:
			return fmt.Errorf("its file %s begins with key group %d, but the one before ends with %d", f.Name, f.First, h.Files[i-1].Last)
		}
		names[f.Name] = true
	}
	return nil
}

const headerFile = "savepoint"

func dataName(token string, part, n int) string {
	return fmt.Sprintf("data-%s-%04d-%04d", token, part, n)
}

var dataFile = regexp.MustCompile(`^data-[0-9a-f]{12}-[0-9]{4,}-[0-9]{4,}$`)

func isData(name string) bool { return dataFile.MatchString(name) }
