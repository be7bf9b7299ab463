package kafkatest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	startTimeout = 2 * time.Minute
	startTries   = 3

	directPort  = "9095/tcp" // inside the container
	proxiedPort = "9096/tcp"
)

// Image names the image of the brokers: KAFKA_TEST_IMAGE, by default
// apache/kafka:4.3.0.
func Image() string {
	if v := os.Getenv("KAFKA_TEST_IMAGE"); v != "" {
		return v
	}
	return "apache/kafka:4.3.0"
}

// Options of a cluster. The zero value is one broker with fast settings.
type Options struct {
	// Brokers is 1 (also when 0) or 3. Each is a controller too.
	Brokers int
	// Env holds further KAFKA_ settings, which win over this package's own.
	Env map[string]string
	// Proxied makes every broker advertise a second listener at Broker.Proxy,
	// where the caller runs a proxy to Broker.ProxyUpstream.
	Proxied bool
	// ACLs turns on authorization, with everything allowed that no rule
	// mentions; rules are made by Cluster.Deny.
	ACLs bool
}

// Cluster is a running set of brokers.
type Cluster struct {
	Brokers []*Broker

	id     string // that it gives itself
	engine *engine
	net    *testcontainers.DockerNetwork
}

// newID is 16 random bytes in base64, as Kafka has them. None begins with a dash, which its tools take for an option.
func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	id[0] &= 0x7f
	return base64.RawURLEncoding.EncodeToString(id)
}

// New starts a cluster that lives as long as the test. If the test fails, the
// last lines of each broker's log are added to the test's log.
func New(t testing.TB, o Options) *Cluster {
	t.Helper()
	begin := time.Now()
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kafkatest: %d broker(s) at %s, ready after %v", len(c.Brokers), c.Bootstrap(), time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() {
		if t.Failed() {
			for _, b := range c.Brokers {
				t.Logf("kafkatest: last lines of broker %d:\n%s", b.ID, b.logTail(15))
			}
		}
		if err := c.Close(); err != nil {
			t.Errorf("kafkatest: %v", err)
		}
	})
	return c
}

// Start starts the brokers and waits until all of them serve.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	switch o.Brokers {
	case 0:
		o.Brokers = 1
	case 1, 3:
	default:
		return nil, fmt.Errorf("kafkatest: %d brokers asked for; 1 and 3 are possible", o.Brokers)
	}
	e, err := newEngine(ctx)
	if err != nil {
		return nil, fmt.Errorf("kafkatest: %w", err)
	}
	e.sweep(ctx)
	for try := 1; ; try++ {
		c, err := e.start(ctx, o)
		if err == nil {
			return c, nil
		}
		// Between our choice of a port and Docker's use of it, another process
		// may have taken it.
		if try < startTries && strings.Contains(err.Error(), "address already in use") {
			continue
		}
		return nil, fmt.Errorf("kafkatest: start %s (scripts/docker.sh and scripts/kafka-image.sh prepare what is needed): %w", Image(), err)
	}
}

func (e *engine) start(ctx context.Context, o Options) (_ *Cluster, err error) {
	c := &Cluster{id: newID(), engine: e}
	defer func() {
		if err != nil {
			_ = c.Close() // the first error is the one to tell
		}
	}()
	if c.net, err = tcnetwork.New(ctx, tcnetwork.WithLabels(e.labels)); err != nil {
		return nil, fmt.Errorf("create network: %w", err)
	}
	for id := 1; id <= o.Brokers; id++ {
		b, err := newBroker(e, id, "kafka-"+c.net.Name[:8]+"-"+strconv.Itoa(id), o.Proxied)
		if err != nil {
			return nil, err
		}
		c.Brokers = append(c.Brokers, b)
	}
	var wg sync.WaitGroup
	errs := make([]error, o.Brokers)
	for i, b := range c.Brokers {
		wg.Go(func() {
			if err := c.run(ctx, b, o); err != nil {
				errs[i] = fmt.Errorf("broker %d: %w", b.ID, err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cluster) run(ctx context.Context, b *Broker, o Options) (err error) {
	ports := slices.Collect(maps.Keys(b.bind))
	b.c, err = testcontainers.Run(ctx, Image(),
		testcontainers.WithLogger(log.NewNoopLogger()),
		testcontainers.WithLabels(c.engine.labels),
		testcontainers.WithEnv(c.settings(b, o)),
		testcontainers.WithExposedPorts(ports...),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{}
			for inside, outside := range b.bind {
				h.PortBindings[network.MustParsePort(inside)] = []network.PortBinding{
					{HostIP: c.engine.bindIP, HostPort: strconv.Itoa(outside)}}
			}
		}),
		tcnetwork.WithNetwork([]string{b.name}, c.net),
		testcontainers.WithWaitStrategyAndDeadline(startTimeout, wait.ForLog("Kafka Server started")),
	)
	return err
}

// settings are the KAFKA_ variables of one broker. If there is a single one, the
// image's default configuration is not used at all, so the set is complete.
func (c *Cluster) settings(b *Broker, o Options) map[string]string {
	var voters []string
	for _, v := range c.Brokers {
		voters = append(voters, fmt.Sprintf("%d@%s:9094", v.ID, v.name))
	}
	listeners := []string{"INTERNAL://:9092", "CONTROLLER://:9094", "DIRECT://:9095"}
	advertised := []string{"INTERNAL://" + b.name + ":9092", "DIRECT://" + b.Addr}
	if o.Proxied {
		listeners = append(listeners, "PROXIED://:9096")
		advertised = append(advertised, "PROXIED://"+b.Proxy)
	}
	replicas := strconv.Itoa(len(c.Brokers))
	inSync := strconv.Itoa(min(len(c.Brokers), 2))
	env := map[string]string{
		"CLUSTER_ID":                                     c.id,
		"KAFKA_NODE_ID":                                  strconv.Itoa(b.ID),
		"KAFKA_PROCESS_ROLES":                            "broker,controller",
		"KAFKA_CONTROLLER_QUORUM_VOTERS":                 strings.Join(voters, ","),
		"KAFKA_CONTROLLER_LISTENER_NAMES":                "CONTROLLER",
		"KAFKA_LISTENERS":                                strings.Join(listeners, ","),
		"KAFKA_ADVERTISED_LISTENERS":                     strings.Join(advertised, ","),
		"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP":           "INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT,PROXIED:PLAINTEXT",
		"KAFKA_INTER_BROKER_LISTENER_NAME":               "INTERNAL",
		"KAFKA_LOG_DIRS":                                 "/var/lib/kafka/data", // a volume of the image: it outlives a kill
		"KAFKA_DEFAULT_REPLICATION_FACTOR":               replicas,
		"KAFKA_MIN_INSYNC_REPLICAS":                      inSync,
		"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR":         replicas,
		"KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS":             "3",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": replicas,
		"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR":            inSync,
		"KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS":     "3",
		"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS":         "0",
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE":                "false", // a missing topic must look like one
		"KAFKA_BROKER_HEARTBEAT_INTERVAL_MS":             "500",
		// A test has a few small topics; several brokers share a small machine.
		"KAFKA_HEAP_OPTS":            "-Xmx256m",
		"KAFKA_JVM_PERFORMANCE_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
	}
	if len(c.Brokers) > 1 {
		// A broker that was killed is replaced as leader, and let in again when it comes back, only after its session has ended: 9 s by
		// default. One that nobody can replace keeps the default: fenced after a freeze, it leaves its partitions without a leader for
		// a moment, and Kafka 4.3 then loses the markers of transactions that end (docs/operations.md, known limits of the broker).
		env["KAFKA_BROKER_SESSION_TIMEOUT_MS"] = "3000"
	}
	if o.ACLs {
		env["KAFKA_AUTHORIZER_CLASS_NAME"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
		env["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] = "true"
	}
	maps.Copy(env, o.Env)
	return env
}

// Bootstrap is the value of bootstrap.servers for clients on this machine.
func (c *Cluster) Bootstrap() string {
	return c.join(func(b *Broker) string { return b.Addr })
}

// ProxiedBootstrap is the same through the proxies of Options.Proxied.
func (c *Cluster) ProxiedBootstrap() string {
	return c.join(func(b *Broker) string { return b.Proxy })
}

// InternalBootstrap is the same for clients in containers on Network.
func (c *Cluster) InternalBootstrap() string {
	return c.join(func(b *Broker) string { return b.name + ":9092" })
}

func (c *Cluster) join(addr func(*Broker) string) string {
	var all []string
	for _, b := range c.Brokers {
		all = append(all, addr(b))
	}
	return strings.Join(all, ",")
}

// Network names the Docker network that the brokers are on.
func (c *Cluster) Network() string { return c.net.Name }

// Close removes the containers with their data, and the network. It has its own
// deadline, since the context of a test that ends is done already.
func (c *Cluster) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(c.Brokers)+1)
	for i, b := range c.Brokers {
		wg.Go(func() { errs[i] = b.remove(ctx) })
	}
	wg.Wait()
	if c.net != nil {
		errs[len(c.Brokers)] = c.net.Remove(ctx)
	}
	return errors.Join(errs...)
}
