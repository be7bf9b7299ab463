package checkpoint

import (
	"fmt"
	"strings"
)

// Files of a job, relative to its folder. Every name but latestName is written at most once, ever: the run is in it, and within a
// run the epoch or the sequence number grows. So nothing that a zombie does can change a file that somebody else wrote.
const latestName = "latest"

func manifestName(id ID) string { return "manifest/" + string(id) }
func deltaName(id ID) string    { return "delta/" + string(id) }

// baseName has the run that wrote the base, which need not be the one that took the checkpoint it is a base of.
func baseName(run string, seq uint64, part int) string {
	return fmt.Sprintf("base/%s-%04d", MakeID(run, seq), part)
}

type fileKind uint8

const (
	kindOther fileKind = iota
	kindManifest
	kindDelta
	kindBase
)

// kindOf recognises our files. Others are never deleted.
func kindOf(name string) fileKind {
	kind, _ := parseName(name)
	return kind
}

// parseName returns the kind and, for a manifest or delta, the checkpoint; for a base file, the run and sequence number
// of the base in the shape of an ID.
func parseName(name string) (fileKind, ID) {
	folder, rest, _ := strings.Cut(name, "/")
	kind := kindOther
	switch folder {
	case "manifest":
		kind = kindManifest
	case "delta":
		kind = kindDelta
	case "base":
		kind = kindBase
		i := strings.LastIndexByte(rest, '-')
		if i < 0 || len(rest)-i < 5 || strings.Trim(rest[i+1:], "0123456789") != "" {
			return kindOther, ""
		}
		rest = rest[:i]
	}
	if _, err := ParseID(rest); err != nil {
		return kindOther, ""
	}
	return kind, ID(rest)
}
