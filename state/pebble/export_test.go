package pebble

// SetLoadSizesForTest changes how much Load hands on at a time, and how large its tables are; the result sets them back.
func SetLoadSizesForTest(part int, table uint64) (undo func()) {
	oldPart, oldTable := loadBytes, tableBytes
	loadBytes, tableBytes = part, table
	return func() { loadBytes, tableBytes = oldPart, oldTable }
}
