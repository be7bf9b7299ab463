package confluent

import (
	"log/slog"

	"github.com/weirstream/weir/txn"
)

// client makes consumers, producers and admins of one cluster. It holds no connection.
type client struct {
	cfg txn.ClusterConfig
	log *slog.Logger
}

// New returns the driver for a cluster. It connects to nothing, but checks the user's properties: one that the
// protocol depends on, an unknown one or a bad value is a ClassFatal error that names it.
func New(cfg txn.ClusterConfig) (txn.Client, error) {
	c := &client{cfg: cfg, log: cfg.Logger}
	if c.log == nil {
		c.log = slog.Default()
	}
	if cfg.Brokers == "" {
		return nil, configError("brokers", "", "no bootstrap servers are given; expected host:port, comma separated")
	}
	if err := checkProperties(cfg.Properties); err != nil {
		return nil, err
	}
	if err := checkRoom(cfg.Properties); err != nil {
		return nil, err
	}
	if err := c.probe(); err != nil {
		return nil, err
	}
	return c, nil
}
