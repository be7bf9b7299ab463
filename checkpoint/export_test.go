package checkpoint

import "time"

// EncodeForTest is a manifest file with any JSON under a valid first line.
func EncodeForTest(m Manifest, body string) []byte {
	return append([]byte(manifestLine(m.Format, len(body), 0, []byte(body))), body...)
}

// SetMemoryBudgetForTest changes what a full restore reads whole; the result sets it back.
func SetMemoryBudgetForTest(n int64) (undo func()) {
	old := memoryBudget
	memoryBudget = n
	return func() { memoryBudget = old }
}

// SetNowForTest gives the collector another clock.
func (c *Collector) SetNowForTest(now func() time.Time) { c.now = now }
