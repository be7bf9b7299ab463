package confluent

import (
	"context"
	"log/slog"
	"sync"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// logPipe carries one client instance's log lines to slog. Its goroutine must outlive the instance, which blocks on
// a full pipe while it closes. The channel is never closed: an instance that was left behind may still write to it.
type logPipe struct {
	lines chan kafka.LogEvent
	quit  chan struct{}
	done  sync.WaitGroup
}

// startLog makes the instance configured by m log to slog.
func (c *client) startLog(m kafka.ConfigMap) *logPipe {
	l := &logPipe{lines: make(chan kafka.LogEvent, 64), quit: make(chan struct{})}
	m["go.logs.channel.enable"] = true
	m["go.logs.channel"] = l.lines
	l.done.Go(func() { l.run(c.log) })
	return l
}

func (l *logPipe) run(log *slog.Logger) {
	for {
		select {
		case e := <-l.lines:
			log.Log(context.Background(), level(e), e.Message, "client", e.Name, "facility", e.Tag)
		case <-l.quit:
			return
		}
	}
}

// stop ends the pipe. The instance must be closed, or left behind, or must never have come to be.
func (l *logPipe) stop() {
	close(l.quit)
	l.done.Wait()
}

// level maps syslog's levels. librdkafka calls "error" what it goes on to repair by itself (a broker that went
// away); what really failed comes back as an error of a call. So nothing here is more than a warning. CONFWARN says
// that a consumer has no use for a producer's property and the other way round, which is so by intention: users give
// one set for both.
func level(e kafka.LogEvent) slog.Level {
	switch {
	case e.Level > 6 || e.Tag == "CONFWARN":
		return slog.LevelDebug
	case e.Level == 6:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}
