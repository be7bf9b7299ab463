package state

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/weirstream/weir/state/schema"
)

// Kind says how the entries of a state are to be read.
type Kind string

// The kinds of state, as they stand in manifests.
const (
	KindValue       Kind = "value"
	KindList        Kind = "list"
	KindMap         Kind = "map"
	KindReducing    Kind = "reducing"
	KindAggregating Kind = "aggregating"
	KindTimer       Kind = "timer"
	KindBroadcast   Kind = "broadcast"
)

// Descriptor is what a tool has to know to read a state without the job's code. ID is what entries carry in their keys; it
// holds for one lineage of checkpoints, while UID and Name identify the state for ever.
type Descriptor struct {
	ID          uint16 `json:"id"`
	UID         string `json:"uid"`
	Name        string `json:"name"`
	Kind        Kind   `json:"kind"`
	KeyCodec    string `json:"keyCodec,omitempty"`
	ValueCodec  string `json:"valueCodec"`
	MapKeyCodec string `json:"mapKeyCodec,omitempty"`
	Schema      string `json:"schema,omitempty"`
	// Retired: nobody reads it any more, see Registry.RetireStamps. It is listed because entries still carry its ID.
	Retired bool `json:"retired,omitempty"`
}

type stateName struct{ uid, name string }

// Registry knows all states of a job. It is safe for concurrent use: tasks register what they open.
type Registry struct {
	mu     sync.Mutex
	byName map[stateName]Descriptor
	lives  map[stateName]Life // of states with a TTL
	asked  map[stateName]bool // registered since, not only recorded
	last   uint16
}

// NewRegistry goes on from the descriptors that the checkpoint to be restored recorded, or from none.
func NewRegistry(existing []Descriptor) (*Registry, error) {
	r := &Registry{byName: make(map[stateName]Descriptor), lives: make(map[stateName]Life), asked: make(map[stateName]bool)}
	ids := make(map[uint16]Descriptor)
	for _, d := range existing {
		name := stateName{d.UID, d.Name}
		if other, ok := ids[d.ID]; ok {
			return nil, fmt.Errorf("states %s and %s are both recorded with id %d", other.label(), d.label(), d.ID)
		}
		if _, ok := r.byName[name]; ok || d.ID == 0 {
			return nil, fmt.Errorf("state %s is recorded twice or without an id", d.label())
		}
		ids[d.ID], r.byName[name] = d, d
		r.last = max(r.last, d.ID)
	}
	return r, nil
}

// Register returns the id of the state with d's UID and Name; d.ID is ignored. A state that is known must have the same kind and
// codecs as before, and a schema that reads what it has, or its bytes would be misread.
func (r *Registry) Register(d Descriptor) (uint16, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.register(d)
}

func (r *Registry) register(d Descriptor) (uint16, error) {
	name := stateName{d.UID, d.Name}
	r.asked[name] = true
	old, known := r.byName[name]
	if !known {
		// Ids of states that are gone from the job stay taken as long as they are recorded: entries may still carry them.
		if r.last == math.MaxUint16 {
			return 0, fmt.Errorf("state %s: all %d state ids are taken", d.label(), math.MaxUint16)
		}
		r.last++
		d.ID = r.last
		r.byName[name] = d
		return d.ID, nil
	}
	if old.Retired && d.Retired {
		return old.ID, nil // of another shard; whatever it held, nobody reads it
	}
	if err := old.compatible(d); err != nil {
		return 0, err
	}
	r.byName[name] = old.Becomes(d)
	return old.ID, nil
}

// Unite registers a state that was recorded elsewhere, by another version of the job perhaps: whether one can read the values of the other is for each
// of them to say, when it runs.
func (r *Registry) Unite(d Descriptor) (uint16, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := stateName{d.UID, d.Name}
	if old, known := r.byName[name]; known {
		d.Schema = schema.Join(old.Schema, d.Schema)
		old.Schema = d.Schema
		r.byName[name] = old
	}
	return r.register(d)
}

// RetireStamps lets go of when values were last used, of states that have no TTL any more: what is written from now on has no stamps, and the old ones would
// have it expire if the TTL came back. A later TTL gets a new state for its stamps, and what it then meets counts as used then. It is to be called when all
// states of the job are registered, before anything is written.
func (r *Registry) RetireStamps() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.asked {
		stamps := stateName{name.uid, StampName(name.name)}
		d, ok := r.byName[stamps]
		if !ok || r.asked[stamps] || !d.likeStampsOf(r.byName[name]) {
			continue
		}
		delete(r.byName, stamps)
		d.Name, d.Retired = fmt.Sprintf("%s~%d", d.Name, d.ID), true
		r.byName[stateName{d.UID, d.Name}] = d
	}
}

// Descriptors are all states by rising id, for the manifest.
func (r *Registry) Descriptors() []Descriptor {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Descriptor, 0, len(r.byName))
	for _, d := range r.byName {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Descriptor) int { return int(a.ID) - int(b.ID) })
	return all
}

// compatible compares what is recorded with what the job now asks for.
func (d Descriptor) compatible(next Descriptor) error {
	what, recorded, asked := d.Differs(next)
	if what == "" {
		return nil
	}
	verb := "%q"
	if strings.Contains(recorded, `"`) { // a schema
		verb = "%s"
	}
	return fmt.Errorf("state %s: %s is "+verb+" in the checkpoint and "+verb+" in the job; go back to the recorded one, give the state another name to start it "+
		"empty, or start from a savepoint with a stream.Migrate", d.label(), what, recorded, asked)
}

// Differs names what of a recorded state cannot be read as next, with what it is in both; empty: nothing. An unknown key codec fits every other.
// The values of codec json are compared by their schemas; other schemas may differ, since their codecs decide what they can read.
func (d Descriptor) Differs(next Descriptor) (what, recorded, asked string) {
	switch {
	case d.Retired != next.Retired:
		return "use", d.use(), next.use()
	case d.Kind != next.Kind:
		return "kind", string(d.Kind), string(next.Kind)
	case d.ValueCodec != next.ValueCodec:
		return "value codec", d.ValueCodec, next.ValueCodec
	case d.MapKeyCodec != next.MapKeyCodec:
		return "map key codec", d.MapKeyCodec, next.MapKeyCodec
	case d.KeyCodec != next.KeyCodec && d.KeyCodec != "" && next.KeyCodec != "":
		return "key codec", d.KeyCodec, next.KeyCodec
	}
	if c := d.Compare(next); len(c.Broken) > 0 {
		return fmt.Sprintf("schema (%s)", strings.Join(c.Broken, "; ")), d.Schema, next.Schema
	}
	return "", "", ""
}

// Compare says how the recorded values are read as those of next, as far as schemas tell.
func (d Descriptor) Compare(next Descriptor) schema.Change {
	if d.ValueCodec != next.ValueCodec || !IsJSON(d.ValueCodec) {
		return schema.Change{}
	}
	return schema.Compare(d.Schema, next.Schema)
}

// IsJSON says whether values of a codec are what JSON makes of them, by themselves or within what an operator keeps, such as "sessions:json".
func IsJSON(codec string) bool { return codec == "json" || strings.HasSuffix(codec, ":json") }

// Becomes is what is to be recorded of a state once the job has opened it as next: values that were written before may stay as they are.
func (d Descriptor) Becomes(next Descriptor) Descriptor {
	next.ID = d.ID
	next.KeyCodec = cmp.Or(next.KeyCodec, d.KeyCodec)
	if IsJSON(d.ValueCodec) {
		next.Schema = schema.Join(d.Schema, next.Schema)
	}
	return next
}

func (d Descriptor) label() string { return fmt.Sprintf("%q of operator %q", d.Name, d.UID) }

func (d Descriptor) use() string {
	if d.Retired {
		return "retired"
	}
	return "live"
}
