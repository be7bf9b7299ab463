package runtime

import (
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint/snapshot"
)

// DropAll in RestoreFrom.AllowDropped stands for everything that the job has no use for.
const DropAll = "true"

// drops says whether a state, or a source's position in a topic, may go.
func (r RestoreFrom) drops(uid, name string) bool {
	return slices.Contains(r.AllowDropped, DropAll) || slices.Contains(r.AllowDropped, uid) || slices.Contains(r.AllowDropped, uid+"/"+name)
}

// checkDropped refuses to let go of what the savepoint does not have: whoever says it means something else.
func (r RestoreFrom) checkDropped(h snapshot.Header) error {
	known := map[string]bool{DropAll: true}
	for _, d := range h.States {
		known[d.UID], known[d.UID+"/"+d.Name] = true, true
	}
	for _, s := range h.Sources {
		known[s.Operator], known[s.Operator+"/"+s.Topic] = true, true
	}
	for _, word := range r.AllowDropped {
		if !known[word] {
			return fmt.Errorf("%w: WEIR_ALLOW_DROPPED_STATE names %q, but the savepoint has no operator with this uid, and no state uid/name or position uid/topic called so", ErrConfig, word)
		}
	}
	return nil
}
