package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Broker is one broker (and controller) in a container.
type Broker struct {
	ID   int    // its node id, from 1
	Addr string // for clients on this machine
	// Proxy is the address that the broker advertises for the proxied listener,
	// ProxyUpstream where a proxy finds the broker. Both are empty without
	// Options.Proxied.
	Proxy, ProxyUpstream string

	name   string         // in the cluster's network
	bind   map[string]int // port in the container → port on the engine's host
	c      *testcontainers.DockerContainer
	engine *engine
}

func newBroker(e *engine, id int, name string, proxied bool) (*Broker, error) {
	b := &Broker{ID: id, name: name, engine: e, bind: map[string]int{}}
	publish := func(inside string) (string, error) {
		p, err := freePort()
		if err != nil {
			return "", err
		}
		b.bind[inside] = p
		return net.JoinHostPort(e.host, strconv.Itoa(p)), nil
	}
	var err error
	if b.Addr, err = publish(directPort); err != nil || !proxied {
		return b, err
	}
	if b.ProxyUpstream, err = publish(proxiedPort); err != nil {
		return nil, err
	}
	p, err := freePort()
	b.Proxy = fmt.Sprintf("127.0.0.1:%d", p)
	return b, err
}

// Kill ends the broker with SIGKILL and returns when it is dead.
func (b *Broker) Kill(ctx context.Context) error {
	// Killing only sends the signal, and starting a container that has not died
	// yet does nothing: without the wait a Restart could be lost.
	dead := b.engine.docker.ContainerWait(ctx, b.c.GetContainerID(), client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	if _, err := b.engine.docker.ContainerKill(ctx, b.c.GetContainerID(), client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		return fmt.Errorf("kill broker %d: %w", b.ID, err)
	}
	select {
	case <-dead.Result:
		return nil
	case err := <-dead.Error:
		return fmt.Errorf("wait for the end of broker %d: %w", b.ID, err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends the broker with SIGTERM, so that it hands over its partitions.
func (b *Broker) Stop(ctx context.Context) error {
	d := 30 * time.Second
	return b.c.Stop(ctx, &d)
}

// Restart starts a killed or stopped broker again, with its data and its
// address. It does not wait for the broker: see WaitReady.
func (b *Broker) Restart(ctx context.Context) error {
	_, err := b.engine.docker.ContainerStart(ctx, b.c.GetContainerID(), client.ContainerStartOptions{})
	if err != nil {
		return fmt.Errorf("restart broker %d: %w", b.ID, err)
	}
	return nil
}

// Pause freezes the broker: its sockets stay open and say nothing.
func (b *Broker) Pause(ctx context.Context) error {
	_, err := b.engine.docker.ContainerPause(ctx, b.c.GetContainerID(), client.ContainerPauseOptions{})
	return err
}

// Unpause ends a Pause.
func (b *Broker) Unpause(ctx context.Context) error {
	_, err := b.engine.docker.ContainerUnpause(ctx, b.c.GetContainerID(), client.ContainerUnpauseOptions{})
	return err
}

// WaitReady waits until the broker answers at its own address, counts as alive
// in the cluster, and every partition that it has a replica of has a leader.
// Without a deadline in ctx it gives up after a minute.
func (b *Broker) WaitReady(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	// It is asked again on a new connection each time: a client remembers other
	// brokers, and waits longer and longer after failures.
	for {
		err := b.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("broker %d is not ready: %w", b.ID, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (b *Broker) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr), kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))
	if err != nil {
		return err
	}
	defer cl.Close()
	m, err := kadm.NewClient(cl).Metadata(ctx)
	if err != nil {
		return err
	}
	alive := false
	for _, other := range m.Brokers {
		alive = alive || int(other.NodeID) == b.ID
	}
	if !alive {
		return errors.New("it is not a member of the cluster")
	}
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			for _, r := range p.Replicas {
				if int(r) == b.ID && p.Leader < 0 {
					return fmt.Errorf("%s/%d has no leader", p.Topic, p.Partition)
				}
			}
		}
	}
	return nil
}

// Exec runs a command in the container, such as /opt/kafka/bin/kafka-topics.sh,
// and returns what it printed.
func (b *Broker) Exec(ctx context.Context, cmd ...string) (string, error) {
	rc, r, err := b.c.Exec(ctx, cmd, exec.Multiplexed())
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(r)
	if err == nil && rc != 0 {
		err = fmt.Errorf("%s: exit code %d", cmd[0], rc)
	}
	return string(out), err
}

// logTail is the end of what the broker logged.
func (b *Broker) logTail(lines int) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := b.c.Logs(ctx)
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	all, _ := io.ReadAll(r) // part of a log is better than none
	s := strings.Split(strings.TrimRight(string(all), "\n"), "\n")
	return strings.Join(s[max(0, len(s)-lines):], "\n")
}

func (b *Broker) remove(ctx context.Context) error {
	if b.c == nil {
		return nil
	}
	_ = b.Unpause(ctx) // what is paused can't be removed; mostly it isn't, and that is an error
	return b.c.Terminate(ctx, testcontainers.StopTimeout(0))
}
