package pebble

// SetLoadSizesForTest changes how much a Load brings through memory, and how large its tables are; the result sets them back.
func SetLoadSizesForTest(part, table int64) (undo func()) {
	oldPart, oldTable := loadBytes, tableBytes
	loadBytes, tableBytes = part, table
	return func() { loadBytes, tableBytes = oldPart, oldTable }
}
