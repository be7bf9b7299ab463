package cli

import (
	"io"
	"log/slog"

	"github.com/weirstream/weir/config"
)

// newLogger makes the log that the settings ask for. Every line says which job and which instance.
func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: level(c.LogLevel)}
	var h slog.Handler = slog.NewJSONHandler(w, o)
	if c.LogFormat == "text" {
		h = slog.NewTextHandler(w, o)
	}
	return slog.New(h).With("job", c.JobID, "instance", c.InstanceID)
}

func level(word string) (l slog.Level) {
	_ = l.UnmarshalText([]byte(word)) // config has checked it; the zero level is info
	return l
}
