package checkpoint

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirstream/weir/state"
)

// ManifestFormat is the newest format that this version reads, and writes where it has to: a manifest is written in the oldest format that can say it.
const ManifestFormat = 2

// formatOf is the format that a manifest needs: 2 if its base has changes, which must not be ignored.
func formatOf(m *Manifest) int {
	if len(m.Base.Changes) > 0 {
		return 2
	}
	return 1
}

// Manifest says what a checkpoint is: which state and which positions belong together. A prepared manifest means
// nothing by itself; the decision record in Kafka that names its ID makes it the truth.
type Manifest struct {
	Format int    `json:"format"`
	Job    string `json:"job"`
	// Shard is the part of the job's state that this is of; empty: all of it.
	Shard    string `json:"shard,omitempty"`
	Instance string `json:"instance"`
	ID       ID     `json:"id"`
	// Parent is the decided checkpoint that this one builds on; empty for the first.
	Parent  ID        `json:"parent,omitempty"`
	Run     string    `json:"run"`
	Epoch   uint64    `json:"epoch"`
	Created time.Time `json:"created"` // informational

	States         []state.Descriptor `json:"states"`
	MaxParallelism int                `json:"maxParallelism"`
	Sources        []SourcePosition   `json:"sources"`
	// Finished: every source has reached its end, event time has come to its end too, and all that it made due is in the state and in the outputs.
	// A restart has nothing to do.
	Finished bool `json:"finished,omitempty"`
	// Drained: the job was told to stop with it, and all timers that were set before have fired. A restart goes on all the same.
	Drained bool `json:"drained,omitempty"`
	// Watermarks say how far event time has come in the stages behind exchanges; those without any are left out.
	Watermarks []StageWatermark `json:"watermarks,omitempty"`
	// Inputs say what each sender to a repartition topic said last of its event time.
	Inputs []InputWatermark `json:"inputs,omitempty"`
	// Exchange is how records came to the stages behind keyBy: empty (in memory) or ExchangeKafka.
	Exchange string `json:"exchange,omitempty"`
	// Shards is how many the job's state is parted in; 0: it is not, or a version wrote this that did not say.
	Shards int `json:"shards,omitempty"`

	// RestoredFrom is the URL of the savepoint that the job began with, in the first manifest only. Informational.
	RestoredFrom string `json:"restoredFrom,omitempty"`

	// Delta holds what this epoch changed; the zero FileRef if it changed nothing.
	Delta FileRef `json:"delta,omitzero"`
	// Base is the snapshot that full restores begin with: the deltas after Base.At, up to this one's, go on top. If
	// Base.At is empty, the chain begins with nothing.
	Base BaseRef `json:"base,omitzero"`
}

// SourcePosition is the next offset to read of a partition.
type SourcePosition struct {
	Operator  string `json:"operator"` // uid
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	// Watermark is how far event time has come, in ms since the epoch; 0: it has not begun.
	Watermark int64 `json:"watermark,omitempty"`
	// Idle: event time goes on without the partition until it has a record again.
	Idle bool `json:"idle,omitempty"`
	// End is where a bounded source stops reading: the last stable offset when the job was first started with a bound. Nil: it has none.
	End *int64 `json:"end,omitempty"`
}

// StageWatermark is the watermark of one task: of the stage that begins with Operator, for the key groups From <= group < To.
type StageWatermark struct {
	Operator  string `json:"operator"`
	From      uint16 `json:"from"`
	To        uint16 `json:"to"`
	Watermark int64  `json:"watermark"`
}

// InputWatermark is the last word of one task of the stages before an exchange: to the stage that begins with Operator, from Sender.
type InputWatermark struct {
	Operator string `json:"operator"`
	Sender   string `json:"sender"`
	// Watermark is in ms since the epoch; 0: event time has not begun.
	Watermark int64 `json:"watermark,omitempty"`
	Idle      bool  `json:"idle,omitempty"`
	// Drained is the drain that all comes before which the sender has said so far. Empty: none.
	Drained string `json:"drained,omitempty"`
}

// FileRef names an entry file (see package entryfile) and what it must hold.
type FileRef struct {
	// Name is relative to the job's folder.
	Name string `json:"name"`
	// Inline: the entries stand in the manifest file itself, behind the manifest.
	Inline  bool   `json:"inline,omitempty"`
	Size    int64  `json:"size"`
	Entries uint64 `json:"entries"`
	// Checksum is the digest in the file's footer, in hexadecimal.
	Checksum string `json:"checksum"`
}

// BaseRef names a base: the full state at checkpoint At.
type BaseRef struct {
	At ID `json:"at"`
	// Files are a snapshot: sorted over all of them in their order.
	Files []FileRef `json:"files"`
	// Changes are what has changed since the snapshot, up to At, the oldest first. Each is sorted by itself, and may delete keys.
	Changes []FileRef `json:"changes,omitempty"`
}

// Size is the bytes of all files.
func (b BaseRef) Size() int64 { return sizeOf(b.Files) + sizeOf(b.Changes) }

func sizeOf(files []FileRef) (n int64) {
	for _, f := range files {
		n += f.Size
	}
	return n
}

func (b BaseRef) equal(o BaseRef) bool {
	return b.At == o.At && slices.Equal(b.Files, o.Files) && slices.Equal(b.Changes, o.Changes)
}

// all are the snapshot's files and those of the changes.
func (b BaseRef) all() []FileRef { return slices.Concat(b.Files, b.Changes) }

// check says what is wrong with a manifest that was read or is to be written.
func (m *Manifest) check(job, shard string) error {
	if _, err := ParseID(string(m.ID)); err != nil {
		return err
	}
	switch {
	case m.Job != job:
		return fmt.Errorf("it is of job %q, expected %q", m.Job, job)
	case m.Shard != shard:
		return fmt.Errorf("it is of shard %q, expected %q", m.Shard, shard)
	case m.Run != m.ID.Run() || m.Epoch != m.ID.Epoch():
		return fmt.Errorf("run %q and epoch %d do not belong to id %s", m.Run, m.Epoch, m.ID)
	case m.Parent == m.ID:
		return fmt.Errorf("it names itself as its parent")
	case m.Parent == "" && m.Base.At != "":
		return fmt.Errorf("it names base %s but no parent", m.Base.At)
	case m.Base.At == m.ID:
		return fmt.Errorf("it names itself as its base; a base must be of an earlier checkpoint")
	case m.Base.At == "" && len(m.Base.all()) > 0:
		return fmt.Errorf("its base has files but names no checkpoint")
	case m.Format < formatOf(m):
		return fmt.Errorf("its base has changes, which format %d does not know", m.Format)
	}
	if err := checkExchange(m.Exchange); err != nil {
		return err
	}
	return m.checkRefs()
}

func (m *Manifest) checkRefs() error {
	for _, id := range []ID{m.Parent, m.Base.At} {
		if id == "" {
			continue
		}
		if _, err := ParseID(string(id)); err != nil {
			return err
		}
	}
	if m.Delta != (FileRef{}) && m.Delta.Name != m.deltaName() {
		return fmt.Errorf("its delta is %q, expected %q", m.Delta.Name, m.deltaName())
	}
	for _, f := range m.Base.all() {
		if kindOf(f.Name) != kindBase {
			return fmt.Errorf("%q is no name of a base file", f.Name)
		}
	}
	return nil
}

func (m *Manifest) deltaName() string {
	if m.Delta.Inline {
		return manifestName(m.ID)
	}
	return deltaName(m.ID)
}
