package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/stream"
)

// legal says whether s has only the characters that Kafka allows in topic names; they are safe in folder names as well.
func legal(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
		default:
			return false
		}
	}
	return s != ""
}

// ids become group ids, transactional ids, topic names and folder names, alone and with something appended.
func parseID(_ Spec, text string) (any, error) {
	if !legal(text) || len(text) > 120 || strings.ContainsRune("._-", rune(text[0])) {
		return nil, errUnwanted
	}
	return text, nil
}

func parseTopic(_ Spec, text string) (any, error) {
	if !legal(text) || len(text) > 249 || text == "." || text == ".." {
		return nil, errUnwanted
	}
	return text, nil
}

func parseTopics(s Spec, text string) (any, error) {
	if expr, ok := stream.PatternOf(text); ok {
		if _, err := regexp.Compile(expr); err != nil {
			return nil, fmt.Errorf("%w; expected a regular expression as package regexp of Go reads it", err)
		}
		return []string{text}, nil
	}
	var topics []string
	for topic := range strings.SplitSeq(text, ",") {
		topic = strings.TrimSpace(topic)
		if _, err := parseTopic(s, topic); err != nil {
			return nil, err
		}
		topics = append(topics, topic)
	}
	return topics, nil
}

func parseBrokers(_ Spec, text string) (any, error) {
	var brokers []string
	for broker := range strings.SplitSeq(text, ",") {
		broker = strings.TrimSpace(broker)
		if err := checkHostPort(broker, true); err != nil {
			return nil, fmt.Errorf("%w; expected %s", err, kinds["brokers"].want)
		}
		brokers = append(brokers, broker)
	}
	return strings.Join(brokers, ","), nil
}

func parseAddr(_ Spec, text string) (any, error) {
	if text == "off" {
		return text, nil
	}
	if err := checkHostPort(text, false); err != nil {
		return nil, fmt.Errorf("%w; expected %s", err, kinds["addr"].want)
	}
	return text, nil
}

func checkHostPort(text string, needHost bool) error {
	if strings.Contains(text, "://") {
		return fmt.Errorf("%q is a URL", text)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		if text == "" {
			return errors.New("an address is empty")
		}
		return fmt.Errorf("%q is not host:port", text)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 || needHost && n == 0 {
		return fmt.Errorf("%q has no valid port (1 to 65535)", text)
	}
	if needHost && host == "" {
		return fmt.Errorf("%q has no host", text)
	}
	if strings.ContainsAny(host, " /\t\n") {
		return fmt.Errorf("%q has no valid host", text)
	}
	return nil
}

func parsePath(_ Spec, text string) (any, error) {
	if !filepath.IsAbs(text) {
		return nil, errUnwanted
	}
	return filepath.Clean(text), nil
}

func parseStore(_ Spec, text string) (any, error) {
	if err := checkpoint.CheckURL(text); err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil {
		if strings.HasPrefix(text, "hdfs://") { // several hosts: no URL to Go, and checked above
			return text, nil
		}
		return nil, errUnwanted
	}
	switch u.Scheme {
	case "mem", "s3", "gs", "azblob", "hdfs":
		return text, nil
	case "file":
		if u.Host == "" && filepath.IsAbs(u.Path) {
			return text, nil
		}
	}
	return nil, errUnwanted
}
