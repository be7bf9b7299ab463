package snapshot

import "testing"

// FileSizeForTest makes parts begin a new file after so many bytes, until the test ends.
func FileSizeForTest(t testing.TB, n int64) {
	old := fileSize
	fileSize = n
	t.Cleanup(func() { fileSize = old })
}

// EncodeForTest is a header's file with any JSON in it, its checksum right.
func EncodeForTest(format int, body string) []byte {
	return []byte(firstLine(format, len(body), []byte(body)) + body)
}
