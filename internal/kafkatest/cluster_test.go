//go:build integration

package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func produce(ctx context.Context, bootstrap, topic, value string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...))
	if err != nil {
		return err
	}
	defer cl.Close()
	return cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte(value)}).FirstErr()
}

func wantRecords(t *testing.T, c *Cluster, topic string, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(), ",")...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var got []string
	for len(got) < len(want) {
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		f.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("topic %s holds %q, want %q", topic, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBrokerComesBackWithAddressAndData(t *testing.T) {
	ctx := t.Context()
	c := New(t, Options{})
	b := c.Brokers[0]
	must(t, c.CreateTopic(ctx, "a", 1, map[string]string{"retention.ms": "600000"}))
	must(t, produce(ctx, c.Bootstrap(), "a", "before"))

	must(t, b.Kill(ctx))
	if err := b.ready(ctx); err == nil {
		t.Fatal("a killed broker answers")
	}
	must(t, b.Restart(ctx))
	must(t, b.WaitReady(ctx))
	must(t, produce(ctx, c.Bootstrap(), "a", "after kill"))

	must(t, b.Pause(ctx))
	if err := b.ready(ctx); err == nil {
		t.Fatal("a paused broker answers")
	}
	must(t, b.Unpause(ctx))
	must(t, b.WaitReady(ctx))
	must(t, produce(ctx, c.Bootstrap(), "a", "after pause"))

	must(t, b.Stop(ctx))
	must(t, b.Restart(ctx))
	must(t, b.WaitReady(ctx))
	wantRecords(t, c, "a", "before", "after kill", "after pause")

	must(t, c.DeleteTopic(ctx, "a"))
	must(t, c.CreateTopic(ctx, "a", 2, nil))
	out, err := b.Exec(ctx, "/opt/kafka/bin/kafka-topics.sh", "--bootstrap-server", c.InternalBootstrap(), "--describe", "--topic", "a")
	if err != nil || !strings.Contains(out, "PartitionCount: 2") {
		t.Fatalf("kafka-topics.sh: %v\n%s", err, out)
	}
}

func TestThreeBrokersOutliveOne(t *testing.T) {
	ctx := t.Context()
	c := New(t, Options{Brokers: 3})
	must(t, c.CreateTopic(ctx, "a", 3, nil))
	must(t, produce(ctx, c.Bootstrap(), "a", "three"))
	must(t, c.Brokers[1].Kill(ctx))
	must(t, produce(ctx, c.Bootstrap(), "a", "two"))
	must(t, c.Brokers[1].Restart(ctx))
	must(t, c.Brokers[1].WaitReady(ctx))
	must(t, produce(ctx, c.Bootstrap(), "a", "three again"))
}

func TestDeny(t *testing.T) {
	ctx := t.Context()
	c := New(t, Options{ACLs: true})
	must(t, c.CreateTopic(ctx, "open", 1, nil))
	must(t, c.CreateTopic(ctx, "closed", 1, nil))
	must(t, c.Deny(ctx, "closed"))
	must(t, produce(ctx, c.Bootstrap(), "open", "x"))
	if err := produce(ctx, c.Bootstrap(), "closed", "x"); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Fatalf("producing to a denied topic: %v", err)
	}
}

// forward is the least that counts as a proxy.
func forward(t *testing.T, from, to string) *atomic.Int64 {
	l, err := net.Listen("tcp", from)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	var passed atomic.Int64
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			pass := func(dst, src net.Conn) {
				n, _ := io.Copy(dst, src)
				passed.Add(n)
				_ = dst.Close()
				_ = src.Close()
			}
			go pass(out, in)
			go pass(in, out)
		}
	}()
	return &passed
}

func TestProxied(t *testing.T) {
	c := New(t, Options{Proxied: true})
	must(t, c.CreateTopic(t.Context(), "a", 1, nil))
	b := c.Brokers[0]
	passed := forward(t, b.Proxy, b.ProxyUpstream)
	value := strings.Repeat("x", 10_000)
	must(t, produce(t.Context(), c.ProxiedBootstrap(), "a", value))
	must(t, poll(t.Context(), "the proxy's count", func() (bool, error) { return passed.Load() > 0, nil }))
	wantRecords(t, c, "a", value)
}

// A test process that is killed leaves a broker behind; the next Start removes
// it, and leaves alone those of processes that still run.
func TestLeftoversAreRemoved(t *testing.T) {
	if os.Getenv("KAFKATEST_LEAVE_ONE") != "" {
		c, err := Start(context.Background(), Options{})
		must(t, err)
		fmt.Println("container " + c.Brokers[0].c.GetContainerID())
		p, err := os.FindProcess(os.Getpid())
		must(t, err)
		must(t, p.Kill())
		select {}
	}
	mine := New(t, Options{})

	// Without the reaper, which would do the same and hide a fault of ours.
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeftoversAreRemoved$")
	cmd.Env = append(os.Environ(), "KAFKATEST_LEAVE_ONE=1", "TESTCONTAINERS_RYUK_DISABLED=true")
	out, err := cmd.CombinedOutput()
	_, id, found := strings.Cut(string(out), "container ")
	if !found {
		t.Fatalf("the process that leaves a broker behind: %v\n%s", err, out)
	}
	id = strings.Fields(id)[0]
	look := func() error {
		_, err := mine.engine.docker.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
		return err
	}
	must(t, look())
	mine.engine.sweep(t.Context())
	if look() == nil {
		t.Error("the container of a killed process is still there")
	}
	must(t, mine.Brokers[0].ready(t.Context()))
}

func TestOwner(t *testing.T) {
	if me := owner(os.Getpid()); !alive(me) {
		t.Errorf("this process, %q, counts as ended", me)
	}
	cmd := exec.Command("true")
	must(t, cmd.Start())
	gone := owner(cmd.Process.Pid)
	must(t, cmd.Wait())
	for _, o := range []string{gone, fmt.Sprintf("%d 1", os.Getpid()), "", "x"} {
		if alive(o) {
			t.Errorf("%q counts as alive", o)
		}
	}
}
