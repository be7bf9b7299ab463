package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirstream/weir/internal/nearest"
	"github.com/weirstream/weir/stream"
)

// kind is how the text of a setting becomes a value.
type kind struct {
	want  string // what is allowed, in words
	parse func(s Spec, text string) (any, error)
}

// errUnwanted stands for "what is allowed says it all".
var errUnwanted = errors.New("not allowed")

var kinds map[string]kind

func init() { // kinds refers to Spec.Allowed, which refers to kinds
	kinds = map[string]kind{
		"duration":  {"a duration with its unit (500ms, 1s, 1m30s)", parseDuration},
		"int":       {"a whole number", parseInt},
		"size":      {"a number of bytes, with or without a unit (64MiB, 1GiB)", parseSize},
		"enum":      {"", parseEnum},
		"id":        {"1 to 120 letters, digits, '.', '_' or '-', starting with a letter or digit", parseID},
		"topic":     {"a topic name: 1 to 249 letters, digits, '.', '_' or '-'", parseTopic},
		"topics":    {"topic names separated by commas, each 1 to 249 letters, digits, '.', '_' or '-', or one regular expression (^orders-.*$ or /orders-.*/)", parseTopics},
		"start":     {"earliest, latest, committed, a time (2026-01-31T12:00:00Z) or offsets (topic:partition=offset, separated by commas)", parseStart},
		"bool":      {"true or false", parseBool},
		"dropped":   {"true (all), false (none), or operators and states separated by commas, each <uid>, <uid>/<state> or <uid>/<topic>", parseDropped},
		"brokers":   {"host:port, several separated by commas", parseBrokers},
		"addr":      {"host:port or :port, or off", parseAddr},
		"file":      {"an absolute file name", parsePath},
		"path":      {"an absolute folder name", parsePath},
		"store":     {"file:///an/absolute/folder, mem://, s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix or hdfs://namenode:port/folder", parseStore},
		"job":       {"the name of a job", func(_ Spec, text string) (any, error) { return text, nil }},
		"savepoint": {"the URL of a savepoint (file:///folder/of/savepoint) or of a checkpoint (<store>/<job>/manifest/<id>)", parseSavepoint},
		"offsets":   {"earliest, latest, timestamp:<RFC 3339 time or milliseconds> or file:<path>", parseOffsets},
		kindSecret:  {"at least 16 printable characters without spaces", parseSecret},
	}
}

// explain turns an error of parse into the sentence that the user reads.
func (s Spec) explain(err error) string {
	if errors.Is(err, errUnwanted) {
		return "expected " + s.Allowed()
	}
	return err.Error()
}

func parseDuration(s Spec, text string) (any, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, errUnwanted
	}
	if lower, err := time.ParseDuration(s.min); err == nil && d < lower {
		return nil, errUnwanted
	}
	if upper, err := time.ParseDuration(s.max); err == nil && d > upper {
		return nil, errUnwanted
	}
	return d, nil
}

func parseBool(_ Spec, text string) (any, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return nil, errUnwanted
}

func parseStart(_ Spec, text string) (any, error) {
	if _, err := stream.ParseStart(text); err != nil {
		return nil, err
	}
	return text, nil
}

func parseInt(s Spec, text string) (any, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, errUnwanted
	}
	if lower, err := strconv.Atoi(s.min); err == nil && n < lower {
		return nil, errUnwanted
	}
	if upper, err := strconv.Atoi(s.max); err == nil && n > upper {
		return nil, errUnwanted
	}
	return n, nil
}

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}}

func parseSize(s Spec, text string) (any, error) {
	n, err := bytesOf(text)
	if err != nil {
		return nil, errUnwanted
	}
	if lower, err := bytesOf(s.min); err == nil && n < lower {
		return nil, errUnwanted
	}
	return n, nil
}

func bytesOf(text string) (int64, error) {
	factor := int64(1)
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			text, factor = strings.TrimSpace(number), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<50/factor {
		return 0, fmt.Errorf("%q is not a number of bytes", text)
	}
	return n * factor, nil
}

func parseEnum(s Spec, text string) (any, error) {
	if slices.Contains(s.one, text) {
		return text, nil
	}
	if slices.Contains(s.later, text) {
		return nil, fmt.Errorf("not supported in this version; use %s", oneOf(s.one))
	}
	if near := nearest.Of(text, s.one); near != "" {
		return nil, fmt.Errorf("expected %s; did you mean %s?", s.Allowed(), near)
	}
	return nil, errUnwanted
}
