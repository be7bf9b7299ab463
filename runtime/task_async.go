package runtime

// drain lets asynchronous calls come to their ends before a barrier passes: what they make of records before it belongs before it, and a
// checkpoint knows of no call under way.
func (t *task) drain() error {
	if t.chain.Drain == nil {
		return nil
	}
	if err := t.chain.Drain(); err != nil {
		return err
	}
	if t.stage.Source != nil {
		if err := t.progress(); err != nil {
			return err
		}
	}
	return t.release() // the end of bounded input, too
}

// release sends event time on that records in asynchronous calls have held back, as far as they let it go by now.
func (t *task) release() error {
	if t.chain.Behind == nil || t.behind() == t.time.sent {
		return nil
	}
	return t.tell()
}
