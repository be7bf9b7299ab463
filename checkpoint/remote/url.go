package remote

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/internal/nearest"
)

// general are the parameters of every scheme.
var general = []string{"timeout", "attempts"}

// schemes are the parameters of each scheme. None of them holds a secret: those that end in _file name a file that does.
var schemes = map[string][]string{
	"s3":     {"endpoint", "region", "path_style", "profile", "key_id_file", "secret_key_file", "session_token_file", "sse", "kms_key_id"},
	"gs":     {"endpoint", "anonymous"},
	"azblob": {"account", "endpoint", "key_file", "sas_file"},
	"hdfs": {"user", "replication", "block_size", "datanode_hostname", "protection",
		"principal", "keytab", "realm", "krb5_conf", "service_principal"},
}

// URL is where a store is.
type URL struct {
	Scheme string
	Host   string // bucket or container; name nodes with their ports, separated by commas
	Path   string // folder or prefix of all names, without slashes at its ends
	Policy Policy
	params map[string]string
	text   string
}

// ParseURL reads scheme://host/path?parameter=value&… . Its errors don't show text, which may hold a secret.
func ParseURL(text string) (*URL, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	known, ok := schemes[scheme]
	if !ok {
		return nil, fmt.Errorf("%q is not a scheme of a store on a network; expected one of s3, gs, azblob, hdfs", scheme)
	}
	rest, query, _ := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	if strings.Contains(host, "@") {
		return nil, errors.New("a user name or password has no place in it, since it is shown in logs: docs/operations.md says where credentials come from")
	}
	u := &URL{Scheme: scheme, Host: host, Path: strings.Trim(path, "/"), Policy: DefaultPolicy, params: map[string]string{}, text: text}
	if err := u.checkPlace(); err != nil {
		return nil, err
	}
	if err := u.parse(query, slices.Concat(known, general)); err != nil {
		return nil, err
	}
	return u, u.policy()
}

func (u *URL) checkPlace() error {
	if u.Host == "" {
		return fmt.Errorf("nothing stands between :// and the path; expected %s", u.example())
	}
	if strings.ContainsAny(u.Host, " #%\\") || u.Path != "" && store.CheckName(u.Path) != nil {
		return fmt.Errorf("bucket or path holds characters that not every store can hold; expected %s, with a path of letters, digits, '.', '_', '-' and '/'", u.example())
	}
	return nil
}

func (u *URL) example() string {
	return map[string]string{
		"s3": "s3://bucket/prefix", "gs": "gs://bucket/prefix", "azblob": "azblob://container/prefix", "hdfs": "hdfs://namenode1:8020,namenode2:8020/folder",
	}[u.Scheme]
}

func (u *URL) parse(query string, known []string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what follows the question mark is not of the form name=value&name=value")
	}
	for name, v := range values {
		if !slices.Contains(known, name) {
			return unknownParameter(u.Scheme, name, known)
		}
		if len(v) > 1 {
			return fmt.Errorf("parameter %s is given %d times; expected once", name, len(v))
		}
		u.params[name] = v[0]
	}
	return nil
}

func unknownParameter(scheme, name string, known []string) error {
	meant := ""
	if near := nearest.Of(name, known); near != "" {
		meant = fmt.Sprintf(" (did you mean %s?)", near)
	}
	if !plain(name) {
		name = "a parameter" // perhaps a secret that was cut by an & in it
	}
	return fmt.Errorf("%s is not a parameter of %s:// stores%s; known are %s", name, scheme, meant, strings.Join(known, ", "))
}

func plain(name string) bool {
	return len(name) <= 40 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz_-.") == ""
}

func (u *URL) policy() (err error) {
	if u.Scheme == "hdfs" {
		u.Policy.Attempts = 8 // its client asks a name node again only 5 s after a failure
	}
	if u.Policy.Timeout, err = u.Duration("timeout", u.Policy.Timeout); err == nil {
		u.Policy.Attempts, err = u.Int("attempts", u.Policy.Attempts)
	}
	return err
}

// String is the text that was parsed. It holds no secret.
func (u *URL) String() string { return u.text }

// Get is the value of a parameter, empty if it was not given.
func (u *URL) Get(name string) string { return u.params[name] }

// Bool is the value of a parameter that is true or false; false if it was not given.
func (u *URL) Bool(name string) (bool, error) {
	switch v := u.params[name]; v {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, fmt.Errorf("parameter %s=%s; expected true or false", name, v)
	}
}

// Int is the value of a parameter that is a number from 1.
func (u *URL) Int(name string, otherwise int) (int, error) {
	v := u.params[name]
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("parameter %s=%s; expected a number from 1", name, v)
	}
	return n, nil
}

// Duration is the value of a parameter that is a length of time.
func (u *URL) Duration(name string, otherwise time.Duration) (time.Duration, error) {
	v := u.params[name]
	if v == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("parameter %s=%s; expected a duration with its unit, such as 30s", name, v)
	}
	return d, nil
}

// OneOf is the value of a parameter that has few; empty if it was not given.
func (u *URL) OneOf(name string, allowed ...string) (string, error) {
	v := u.params[name]
	if v == "" || slices.Contains(allowed, v) {
		return v, nil
	}
	return "", fmt.Errorf("parameter %s=%s; expected one of %s", name, v, strings.Join(allowed, ", "))
}
