package checkpoint

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	metadataPrefix  = "weir"
	metadataVersion = 1
)

// EncodeMetadata is the text that travels as metadata of committed offsets: it makes their commit the decision record.
// It is shorter than 128 bytes, far from the broker's limit.
func EncodeMetadata(id ID) string {
	return metadataPrefix + strconv.Itoa(metadataVersion) + ":" + string(id)
}

// DecodeMetadata reads the metadata of a committed offset. ok is false if it is somebody else's (or empty): then no checkpoint of
// ours was decided with this offset. An error means that it is ours and cannot be understood.
func DecodeMetadata(s string) (id ID, ok bool, err error) {
	version, rest, found := strings.Cut(s, ":")
	digits, ours := strings.CutPrefix(version, metadataPrefix)
	if !found || !ours || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false, nil
	}
	if digits != strconv.Itoa(metadataVersion) {
		return "", false, fmt.Errorf("offset metadata %.80q was written by a newer version (format %s, this version reads %d); upgrade",
			s, digits, metadataVersion)
	}
	if id, err = ParseID(rest); err != nil {
		return "", false, fmt.Errorf("offset metadata %.80q: %w", s, err)
	}
	return id, true, nil
}
