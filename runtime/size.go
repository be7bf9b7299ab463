package runtime

import "github.com/weirstream/weir/state"

// sizeOf is about the memory that entries take up.
func sizeOf(runs [][]state.Entry) (n int64) {
	const header = 56 // of an Entry
	for _, entries := range runs {
		for i := range entries {
			n += int64(len(entries[i].Key) + len(entries[i].Value) + header)
		}
	}
	return n
}
