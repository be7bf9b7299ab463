package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/weirstream/weir/internal/nearest"
)

// reserved properties carry the guarantees, or have a setting of their own that other parts depend on.
var reserved = map[string]string{
	"bootstrap.servers":             "use WEIR_BROKERS and WEIR_SINK_BROKERS",
	"metadata.broker.list":          "use WEIR_BROKERS and WEIR_SINK_BROKERS",
	"group.id":                      "use WEIR_JOB_ID",
	"group.instance.id":             "use WEIR_INSTANCE_ID",
	"transactional.id":              "it is made of WEIR_JOB_ID and WEIR_INSTANCE_ID",
	"transaction.timeout.ms":        "use WEIR_TRANSACTION_TIMEOUT",
	"session.timeout.ms":            "use WEIR_SESSION_TIMEOUT",
	"group.protocol":                "the classic protocol is needed",
	"group.remote.assignor":         "the classic protocol is needed",
	"enable.auto.commit":            "offsets are committed with the epoch only",
	"auto.commit.enable":            "offsets are committed with the epoch only",
	"enable.auto.offset.store":      "offsets are committed with the epoch only",
	"auto.offset.reset":             "a lost offset stops the job instead of being guessed",
	"isolation.level":               "only committed records are read",
	"enable.idempotence":            "the guarantees need it on",
	"acks":                          "the guarantees need all",
	"request.required.acks":         "the guarantees need all",
	"enable.partition.eof":          "the client must return records and errors only",
	"delivery.report.only.error":    "the Go client does not support it",
	"log.queue":                     "the log is forwarded already",
	"partition.assignment.strategy": "range assignment is needed",
}

// scope is a prefix of variables of Kafka properties.
type scope struct {
	env, flag    string
	source, sink bool // whom its properties are for
}

// scopes has the more special ones later: they win.
var scopes = []scope{
	{Prefix + "KAFKA_", "kafka", true, true},
	{Prefix + "SOURCE_KAFKA_", "source-kafka", true, false},
	{Prefix + "SINK_KAFKA_", "sink-kafka", false, true},
}

func isKafka(name string) bool {
	return slices.ContainsFunc(scopes, func(s scope) bool { return strings.HasPrefix(name, s.env) })
}

// readKafka gathers the properties of consumers and producers: variables first, flags over them.
func (l *loader) readKafka() {
	l.cfg.SourceKafka, l.cfg.SinkKafka = map[string]string{}, map[string]string{}
	for _, scope := range scopes {
		found := map[string]string{}
		l.kafkaFromEnv(scope.env, found)
		l.kafkaFromFlags(scope.flag, found)
		if scope.source {
			maps.Copy(l.cfg.SourceKafka, found)
		}
		if scope.sink {
			maps.Copy(l.cfg.SinkKafka, found)
		}
	}
}

func (l *loader) kafkaFromEnv(prefix string, into map[string]string) {
	own := known()
	for _, name := range sortedKeys(l.env) {
		words, ok := strings.CutPrefix(name, prefix)
		if !ok || l.env[name] == "" || slices.Contains(own, name) || isServiceLink(name, l.env) {
			continue
		}
		property, fromFile, ok := propertyOf(words)
		if !ok {
			l.errs.add(name, "", "librdkafka has no property %s%s", dotted(words), suggestion(nearestVariable(prefix, words)))
			continue
		}
		if fromFile {
			l.kafkaFromFile(name, property, into)
			continue
		}
		l.setProperty(property, value{text: l.env[name], origin: FromEnv, as: name}, into)
	}
}

// propertyOf finds the property of a variable and whether the variable names a file that holds its value. Properties
// that end in .file themselves come first.
func propertyOf(words string) (property string, fromFile, ok bool) {
	if p, ok := properties[words]; ok {
		return p.name, false, true
	}
	if stem, isFile := strings.CutSuffix(words, "_FILE"); isFile {
		p, ok := properties[stem]
		return p.name, true, ok
	}
	return "", false, false
}

func dotted(words string) string { return strings.ToLower(strings.ReplaceAll(words, "_", ".")) }

func nearestVariable(prefix, words string) string {
	stem, isFile := strings.CutSuffix(words, "_FILE")
	near := nearest.Of(stem, sortedKeys(properties))
	if near == "" {
		return ""
	}
	if isFile {
		near += "_FILE"
	}
	return prefix + near
}

func (l *loader) kafkaFromFile(name, property string, into map[string]string) {
	path := l.env[name]
	if direct := strings.TrimSuffix(name, "_FILE"); l.env[direct] != "" {
		l.errs.add(name, path, "%s is set as well; set only one of them", direct)
		return
	}
	secret, err := readSecret(path)
	if err != nil {
		l.errs.add(name, path, "the file with the value of %s %v", property, err)
		return
	}
	l.setProperty(property, value{text: secret, origin: FromFile, as: name}, into)
}

func (l *loader) kafkaFromFlags(flag string, into map[string]string) {
	for _, f := range l.flags.kafka {
		if f.flag != flag {
			continue
		}
		as := "--" + f.flag + " " + f.property
		if _, ok := properties[asWords(f.property)]; !ok {
			l.errs.add(as, "", "librdkafka has no property %s%s", f.property, suggestion(nearest.Of(f.property, propertyNames())))
			continue
		}
		l.setProperty(f.property, value{text: f.value, origin: FromFlag, as: as}, into)
	}
}

func (l *loader) setProperty(property string, v value, into map[string]string) {
	if why, ok := reserved[property]; ok {
		l.errs.add(v.as, mask(property, v.text), "%s cannot be set: %s", property, why)
		return
	}
	if problem := properties[asWords(property)].check(v.text); problem != "" {
		l.errs.add(v.as, mask(property, v.text), "%s", problem)
		return
	}
	into[property] = v.text
	l.cfg.settings = append(l.cfg.settings, Setting{v.as, mask(property, v.text), v.origin})
}
