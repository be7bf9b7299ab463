package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// rememberSettings notes the effective values for Settings.
func (l *loader) rememberSettings() {
	for _, s := range Specs() {
		v := l.given[s.Env]
		shown := text(reflect.ValueOf(l.cfg).Elem().Field(s.field).Interface())
		if l.bad[s.Env] || v.secret {
			shown = v.shown()
		}
		l.cfg.settings = append(l.cfg.settings, Setting{s.Env, maskURL(shown), v.origin})
	}
}

// text is how a value is written in a variable.
func text(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ",")
	case time.Duration:
		return short(v)
	case int64:
		return size(v)
	}
	return fmt.Sprint(v)
}

// short writes 1h instead of 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// size writes 64MiB instead of 67108864.
func size(n int64) string {
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if factor, err := bytesOf("1" + unit); err == nil && n >= factor && n%factor == 0 {
			return strconv.FormatInt(n/factor, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}

// Print writes the effective values as NAME=value with their origin, one per line.
func (c *Config) Print(w io.Writer) error {
	for _, s := range c.settings {
		if _, err := fmt.Fprintf(w, "%s=%s  # %s\n", s.Name, s.Value, s.Origin); err != nil {
			return err
		}
	}
	return nil
}

// defaultText is the default of a setting as help shows it.
func (s Spec) defaultText() string {
	switch {
	case s.Shown != "":
		return s.Shown
	case s.Default != "":
		return s.Default
	}
	return "none"
}

// flags are the names of the flag, as help shows them.
func (s Spec) flags() string {
	if s.Alias != "" {
		return s.Flag + ", --" + s.Alias
	}
	return s.Flag
}

// Usage writes one entry for each setting.
func Usage(w io.Writer) error {
	for _, s := range Specs() {
		_, err := fmt.Fprintf(w, "  %s, --%s\n      %s\n      Allowed: %s. Default: %s.\n", s.Env, s.flags(), s.Help, s.Allowed(), s.defaultText())
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, kafkaUsage)
	return err
}

const kafkaUsage = `  WEIR_KAFKA_<PROPERTY>, --kafka property=value
      Any librdkafka property, dots as underscores: WEIR_KAFKA_SECURITY_PROTOCOL=SASL_SSL.
      WEIR_KAFKA_<PROPERTY>_FILE names a file that holds the value, such as a mounted secret.
      WEIR_SOURCE_KAFKA_… (--source-kafka) and WEIR_SINK_KAFKA_… (--sink-kafka) win over it for consumers and producers.
`
