package hdfsstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/weirstream/weir/checkpoint/remote"
)

const (
	// clientAge is how old a client may become. Name nodes change the keys that data nodes encrypt with, after ten hours by default, and a client never asks again.
	clientAge = time.Hour
	// idleClients is how many wait for work, each with a connection.
	idleClients = 8
)

// clients lends those of the library to one call or file at a time: what they learn of the cluster they keep without a lock. One that has failed is not used again.
type clients struct {
	options hdfs.ClientOptions
	policy  remote.Policy

	mu     sync.Mutex
	free   []*client
	closed bool
}

type client struct {
	*hdfs.Client
	since time.Time
}

func (c *clients) take() (*client, error) {
	if found := c.takeFree(); found != nil {
		return found, nil
	}
	made, err := hdfs.NewClient(c.options)
	if err != nil {
		return nil, err
	}
	return &client{made, time.Now()}, nil
}

// takeFree takes the one that was used last, if there is one.
func (c *clients) takeFree() *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.free)
	if n == 0 {
		return nil
	}
	found := c.free[n-1]
	c.free = c.free[:n-1]
	return found
}

// give takes one back. err is what came of its work.
func (c *clients) give(back *client, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || err != nil && passes(err) || time.Since(back.since) > clientAge || len(c.free) == idleClients {
		_ = back.Close() // nothing is on its way
		return
	}
	c.free = append(c.free, back)
}

// try works with a client until f succeeds, fails for good, or time is over.
func (c *clients) try(ctx context.Context, f func(*client) error) error {
	return c.policy.Try(ctx, passes, func(context.Context) error { return c.once(f) })
}

func (c *clients) once(f func(*client) error) error {
	lent, err := c.take()
	if err != nil {
		return err
	}
	err = f(lent)
	c.give(lent, err)
	return err
}

// open works like try, but the client stays with what f has opened: whoever closes that gives the client back.
func (c *clients) open(ctx context.Context, f func(*client) error) (lent *client, err error) {
	err = c.policy.Try(ctx, passes, func(context.Context) (err error) {
		if lent, err = c.take(); err != nil {
			return err
		}
		if err = f(lent); err != nil {
			c.give(lent, err)
		}
		return err
	})
	return lent, err
}

// close closes those that nobody uses; the others are when they are given back.
func (c *clients) close() (err error) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	for found := c.takeFree(); found != nil; found = c.takeFree() {
		err = errors.Join(err, found.Close())
	}
	return err
}
