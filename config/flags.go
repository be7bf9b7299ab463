package config

import (
	"strings"

	"github.com/weirstream/weir/internal/nearest"
)

// flags are the settings given on the command line.
type flags struct {
	values map[string]string // by flag name
	kafka  []kafkaFlag       // --kafka, --source-kafka, --sink-kafka, in order
}

type kafkaFlag struct{ flag, property, value string }

// kafkaFlags set librdkafka properties and can be given many times.
var kafkaFlags = []string{"kafka", "source-kafka", "sink-kafka"}

// readFlags reads --name=value and --name value; a single dash does as well. It goes on after an error, to show all.
func (l *loader) readFlags() {
	l.flags.values = map[string]string{}
	names := flagNames()
	for args := l.in.Args; len(args) > 0; {
		arg := args[0]
		args = args[1:]
		name, isFlag := strings.CutPrefix(arg, "-")
		if !isFlag {
			l.errs.add("command line", arg, "not a flag; settings are given as --name=value")
			continue
		}
		name, text, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if _, known := names[name]; !known {
			l.unknownFlag(name, names)
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // most likely its value
			}
			continue
		}
		if s := names[name]; s.Flag != "" {
			name = s.Flag // of an alias
			if (s.Kind == "bool" || s.Kind == "dropped") && !hasValue && (len(args) == 0 || strings.HasPrefix(args[0], "-")) {
				text, hasValue = "true", true
			}
		}
		if !hasValue {
			if len(args) == 0 {
				l.errs.add("--"+name, "", "needs a value")
				continue
			}
			text, args = args[0], args[1:]
		}
		l.setFlag(name, text)
	}
}

func (l *loader) setFlag(name, text string) {
	if !strings.HasSuffix(name, "kafka") {
		l.flags.values[name] = text
		return
	}
	property, v, ok := strings.Cut(text, "=")
	if !ok {
		l.errs.add("--"+name, text, "expected property=value, such as security.protocol=SASL_SSL")
		return
	}
	l.flags.kafka = append(l.flags.kafka, kafkaFlag{name, property, v})
}

func (l *loader) unknownFlag(name string, names map[string]Spec) {
	near := nearest.Of(name, sortedKeys(names))
	if near != "" {
		near = "--" + near
	}
	l.errs.add("--"+name, "", "unknown flag%s", suggestion(near))
}

// flagNames are all flags, with the settings that they are of.
func flagNames() map[string]Spec {
	names := map[string]Spec{}
	for _, s := range Specs() {
		names[s.Flag] = s
		if s.Alias != "" {
			names[s.Alias] = s
		}
	}
	for _, name := range kafkaFlags {
		names[name] = Spec{}
	}
	return names
}
