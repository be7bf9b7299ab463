package runtime

import (
	"bytes"

	"github.com/weirstream/weir/state"
)

// mergeLayers merges sorted runs into one; of entries with the same key that of the last run stays.
func mergeLayers(runs [][]state.Entry) []state.Entry {
	switch len(runs) {
	case 0:
		return nil
	case 1:
		return runs[0]
	}
	half := len(runs) / 2
	return mergeTwo(mergeLayers(runs[:half]), mergeLayers(runs[half:]))
}

func mergeTwo(older, newer []state.Entry) []state.Entry {
	if len(older) == 0 {
		return newer
	}
	if len(newer) == 0 {
		return older
	}
	out := make([]state.Entry, 0, max(len(older), len(newer)))
	for len(older) > 0 && len(newer) > 0 {
		switch c := bytes.Compare(older[0].Key, newer[0].Key); {
		case c < 0:
			out = append(out, older[0])
			older = older[1:]
		case c > 0:
			out = append(out, newer[0])
			newer = newer[1:]
		default:
			older = older[1:]
		}
	}
	return append(append(out, older...), newer...)
}

// sizeOf is about the memory that entries take up.
func sizeOf(runs [][]state.Entry) (n int64) {
	const header = 56 // of an Entry
	for _, r := range runs {
		for i := range r {
			n += int64(len(r[i].Key) + len(r[i].Value) + header)
		}
	}
	return n
}
