//go:build !failpoints

package failpoint

// Enabled says whether this build has fail points.
const Enabled = false

// Hit does nothing in this build.
func Hit(string) string { return "" }
