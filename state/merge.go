package state

import "bytes"

// Merge makes one sorted batch, each key once, of several, each sorted: where a key is in more than one, the later batch wins. So
// a backend that lags behind catches up with one write per key.
func Merge(batches ...[]Entry) []Entry {
	if disjoint(batches) {
		return concat(batches)
	}
	for len(batches) > 1 {
		half := make([][]Entry, 0, (len(batches)+1)/2)
		for i := 0; i+1 < len(batches); i += 2 {
			half = append(half, mergeTwo(batches[i], batches[i+1]))
		}
		if len(batches)%2 == 1 {
			half = append(half, batches[len(batches)-1])
		}
		batches = half
	}
	return batches[0]
}

// disjoint says whether each batch ends before the next begins, as those of one stage's tasks do, which own key groups in order.
func disjoint(batches [][]Entry) bool {
	var last []byte
	for _, b := range batches {
		if len(b) == 0 {
			continue
		}
		if last != nil && bytes.Compare(last, b[0].Key) >= 0 {
			return false
		}
		last = b[len(b)-1].Key
	}
	return true
}

func concat(batches [][]Entry) []Entry {
	switch len(batches) {
	case 0:
		return nil
	case 1:
		return batches[0]
	}
	total := 0
	for _, b := range batches {
		total += len(b)
	}
	out := make([]Entry, 0, total)
	for _, b := range batches {
		out = append(out, b...)
	}
	return out
}

func mergeTwo(older, newer []Entry) []Entry {
	if len(older) == 0 {
		return newer
	}
	if len(newer) == 0 {
		return older
	}
	merged := make([]Entry, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		c := bytes.Compare(older[0].Key, newer[0].Key)
		if c < 0 {
			merged, older = append(merged, older[0]), older[1:]
			continue
		}
		if c == 0 {
			older = older[1:]
		}
		merged, newer = append(merged, newer[0]), newer[1:]
	}
	return append(append(merged, older...), newer...)
}
