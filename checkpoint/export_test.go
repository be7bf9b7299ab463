package checkpoint

// EncodeForTest is a manifest file with any JSON under a valid first line.
func EncodeForTest(m Manifest, body string) []byte {
	return append([]byte(manifestLine(m.Format, len(body), 0, []byte(body))), body...)
}
