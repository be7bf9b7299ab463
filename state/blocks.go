package state

// Blocks reads entries that are sorted over all of its blocks, each key once: every call returns the next ones, and none at the end. Keys and values are never
// overwritten, so they may be kept, and the slice belongs to who reads it.
type Blocks func() ([]Entry, error)

// Each returns what is read entry by entry; ok is false at the end.
func (b Blocks) Each() func() (e Entry, ok bool, err error) {
	var block []Entry
	return func() (e Entry, ok bool, err error) {
		if len(block) == 0 {
			if block, err = b(); err != nil || len(block) == 0 {
				return Entry{}, false, err
			}
		}
		e, block = block[0], block[1:]
		return e, true, nil
	}
}

// InBlocks reads from a function that returns entries one by one, ok false at the end.
func InBlocks(next func() (e Entry, ok bool, err error)) Blocks {
	const most = 512
	return func() ([]Entry, error) {
		block := make([]Entry, 0, most)
		for len(block) < most {
			e, ok, err := next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			block = append(block, e)
		}
		return block, nil
	}
}
