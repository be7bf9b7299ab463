package config

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

// properties.txt lists the properties that librdkafka 2.11.1 takes as text, one per line: name, kind, and what is allowed (the
// bounds of an integer or float, the words of a word).
//
//go:embed properties.txt
var propertiesText string

// property is what librdkafka says of one of its properties.
type property struct {
	name, kind string
	allowed    []string
}

// properties holds all by the words of their variables: SASL_PASSWORD for sasl.password, LOG_LEVEL for log_level.
var properties = func() map[string]property {
	m := map[string]property{}
	for line := range strings.Lines(propertiesText) {
		f := strings.Fields(line)
		m[asWords(f[0])] = property{f[0], f[1], f[2:]}
	}
	return m
}()

// asWords is how a property is written in a variable.
func asWords(name string) string { return strings.ToUpper(strings.ReplaceAll(name, ".", "_")) }

func propertyNames() []string {
	var names []string
	for _, p := range properties {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

var truths = []string{"true", "false", "t", "f", "1", "0"}

// check says what is wrong with a value. librdkafka would say it as well, but without the variable that it came from.
func (p property) check(text string) string {
	same := func(word string) bool { return strings.EqualFold(word, text) }
	switch p.kind {
	case "boolean":
		if !slices.ContainsFunc(truths, same) {
			return p.name + ": expected true or false"
		}
	case "word":
		if !slices.ContainsFunc(p.allowed, same) {
			return p.name + ": expected " + oneOf(p.allowed)
		}
	case "integer", "float":
		if !p.inRange(text) {
			return p.name + ": expected a number from " + p.allowed[0] + " to " + p.allowed[1]
		}
	}
	return ""
}

func (p property) inRange(text string) bool {
	n, err := strconv.ParseFloat(text, 64)
	if p.kind == "integer" {
		var whole int64
		whole, err = strconv.ParseInt(text, 0, 64)
		n = float64(whole)
	}
	lower, lowerErr := strconv.ParseFloat(p.allowed[0], 64)
	upper, upperErr := strconv.ParseFloat(p.allowed[1], 64)
	return err == nil && lowerErr == nil && upperErr == nil && n >= lower && n <= upper
}
