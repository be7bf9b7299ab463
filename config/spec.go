package config

import (
	"reflect"
	"strings"
)

// Prefix begins the name of every variable.
const Prefix = "WEIR_"

// Spec describes one setting, as the tags of Config give it.
type Spec struct {
	Env     string // WEIR_CHECKPOINT_INTERVAL
	Flag    string // checkpoint-interval
	Alias   string // another name of the flag; empty: there is none
	Kind    string // a key of kinds
	Default string // empty: see Shown
	Shown   string // the default in words, where it depends on the machine or on other settings
	Help    string

	min, max   string
	one, later []string
	field      int // of Config
}

// Specs lists every setting but the Kafka properties, in the order of Config.
func Specs() []Spec {
	var specs []Spec
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name, ok := tag.Lookup("env")
		if !ok {
			continue
		}
		specs = append(specs, Spec{
			Env:   Prefix + name,
			Flag:  strings.ReplaceAll(strings.ToLower(name), "_", "-"),
			Alias: tag.Get("alias"),
			Kind:  tag.Get("kind"), Default: tag.Get("default"), Shown: tag.Get("shown"), Help: tag.Get("help"),
			min: tag.Get("min"), max: tag.Get("max"), one: words(tag.Get("one")), later: words(tag.Get("later")),
			field: i,
		})
	}
	return specs
}

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// Allowed says in words what values a setting takes.
func (s Spec) Allowed() string {
	if len(s.one) > 0 {
		return oneOf(s.one)
	}
	k := kinds[s.Kind]
	switch {
	case s.min != "" && s.max != "":
		return k.want + " from " + s.min + " to " + s.max
	case s.min != "":
		return k.want + ", at least " + s.min
	}
	return k.want
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
