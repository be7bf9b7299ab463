package remote

import (
	"slices"
	"strings"
)

const masked = "********"

// Redact makes any text that should be the URL of a store fit to be shown: a user name with its password, and the values of parameters that no store
// has, are masked.
func Redact(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	rest, query, asked := strings.Cut(rest, "?")
	host := rest
	if scheme == "file" {
		host, _, _ = strings.Cut(rest, "/")
	} // else the last @ of all counts: an unescaped slash in a password would leave half of it
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		rest = masked + rest[at:]
	}
	if !asked {
		return scheme + "://" + rest
	}
	var params []string
	for p := range strings.SplitSeq(query, "&") {
		params = append(params, redactParameter(scheme, p))
	}
	return scheme + "://" + rest + "?" + strings.Join(params, "&")
}

func redactParameter(scheme, p string) string {
	name, _, _ := strings.Cut(p, "=")
	switch {
	case slices.Contains(general, name) || slices.Contains(schemes[scheme], name):
		return p
	case plain(name) && len(name) < len(p):
		return name + "=" + masked
	}
	return masked
}
