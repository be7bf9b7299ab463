package config

import (
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/weirstream/weir/internal/nearest"
)

// Input is where settings come from.
type Input struct {
	Args []string // flags, without the name of the program and of the subcommand
	Env  []string // NAME=value, as os.Environ gives it
	// Jobs are the names of the jobs that the program knows.
	Jobs []string
	// Custom says that the jobs are the user's own, so that the settings of built-in jobs mean nothing.
	Custom bool
	// Terminal says that the log goes to a terminal.
	Terminal bool
	// Hostname defaults to os.Hostname.
	Hostname func() (string, error)
}

// Load reads and checks all settings. The error is nil or Errors; the Config is never nil and holds what could be
// read, so that it can be shown beside the errors.
func Load(in Input) (*Config, error) {
	if in.Hostname == nil {
		in.Hostname = os.Hostname
	}
	l := &loader{in: in, env: environment(in.Env), cfg: &Config{}, given: map[string]value{}, bad: map[string]bool{}}
	l.readFlags()
	l.readSpecs()
	l.fillDefaults()
	l.checkTogether()
	l.readKafka()
	l.rejectUnknown()
	return l.cfg, l.errs.or()
}

// loader is one Load under way.
type loader struct {
	in    Input
	env   map[string]string // all variables, as a few others (HOME) count as well
	flags flags
	cfg   *Config
	errs  Errors
	given map[string]value // by variable; what a setting was set to, wherever from
	bad   map[string]bool  // variables that already have an error
}

// value is the text of a setting and where it comes from.
type value struct {
	text   string
	origin Origin
	as     string // how the user wrote the setting's name
	secret bool
}

// shown is the text, masked if it is a secret.
func (v value) shown() string {
	if v.secret && v.text != "" {
		return masked
	}
	return v.text
}

func environment(lines []string) map[string]string {
	env := map[string]string{}
	for _, line := range lines {
		if name, text, ok := strings.Cut(line, "="); ok {
			env[name] = text
		}
	}
	return env
}

func (l *loader) readSpecs() {
	for _, s := range Specs() {
		v := l.pick(s)
		v.secret = s.Kind == kindSecret
		l.given[s.Env] = v
		if v.text == "" {
			l.complainIfEmpty(s, v)
			continue
		}
		parsed, err := kinds[s.Kind].parse(s, v.text)
		if err != nil {
			l.fail(s.Env, "%s", s.explain(err))
			continue
		}
		reflect.ValueOf(l.cfg).Elem().Field(s.field).Set(reflect.ValueOf(parsed))
	}
}

// pick chooses between flag, variable and default.
func (l *loader) pick(s Spec) value {
	if text, ok := l.flags.values[s.Flag]; ok {
		return value{text: text, origin: FromFlag, as: "--" + s.Flag}
	}
	if v, ok := l.fromFile(s); ok {
		return v
	}
	if text := l.env[s.Env]; text != "" {
		return value{text: text, origin: FromEnv, as: s.Env}
	}
	return value{text: s.Default, origin: FromDefault, as: s.Env}
}

// complainIfEmpty refuses a flag without a value; an empty variable counts as not set.
func (l *loader) complainIfEmpty(s Spec, v value) {
	if v.origin == FromFlag {
		l.fail(s.Env, "is empty; expected %s", s.Allowed())
	}
}

// fail records a problem of a setting, once.
func (l *loader) fail(env, format string, args ...any) {
	if l.bad[env] {
		return
	}
	l.bad[env] = true
	v := l.given[env]
	l.errs.add(v.as, maskURL(v.shown()), format, args...)
}

// ok says whether all of these settings could be read, so that they can be compared.
func (l *loader) ok(envs ...string) bool {
	return !slices.ContainsFunc(envs, func(env string) bool { return l.bad[env] })
}

// isSet says whether the user has given a setting.
func (l *loader) isSet(env string) bool { return l.given[env].origin != FromDefault }

// known lists the names of all variables.
func known() []string {
	var names []string
	for _, s := range Specs() {
		names = append(names, s.Env)
		if s.Kind == kindSecret {
			names = append(names, s.fileVariable())
		}
	}
	return names
}

// rejectUnknown finds misspelt variables: a setting that is silently ignored is worse than one that is refused.
func (l *loader) rejectUnknown() {
	names := known()
	for _, name := range sortedKeys(l.env) {
		switch {
		case !strings.HasPrefix(name, Prefix), slices.Contains(names, name), isServiceLink(name, l.env), isKafka(name):
		default:
			l.errs.add(name, "", "unknown setting; %s", orHelp(nearestSetting(name, names)))
		}
	}
}

// nearestSetting compares without the prefix, which would make all of them look alike.
func nearestSetting(name string, names []string) string {
	bare := make([]string, len(names))
	for i, n := range names {
		bare[i] = strings.TrimPrefix(n, Prefix)
	}
	if near := nearest.Of(strings.TrimPrefix(name, Prefix), bare); near != "" {
		return Prefix + near
	}
	return ""
}

func orHelp(near string) string {
	if near == "" {
		return "`processor help` lists all"
	}
	return "did you mean " + near + "?"
}

func suggestion(near string) string {
	if near == "" {
		return ""
	}
	return "; did you mean " + near + "?"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
