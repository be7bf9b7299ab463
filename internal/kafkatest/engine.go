package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// Labels by which sweep knows containers and networks of this package, and the
// process that they belong to.
const (
	labelOwner = "weir.kafkatest.owner" // process id and, on Linux, its start time
	labelHost  = "weir.kafkatest.host"  // a process id means something on its own host only
)

// loopback is where brokers listen if the engine is on this machine.
var loopback = netip.MustParseAddr("127.0.0.1")

// engine is the Docker engine as this process reaches it.
type engine struct {
	docker *testcontainers.DockerClient
	host   string     // where published ports are found
	bindIP netip.Addr // what the engine publishes ports on
	labels map[string]string
}

var quietOnce sync.Once

func newEngine(ctx context.Context) (*engine, error) {
	// testcontainers greets every test run with a page about the engine.
	quietOnce.Do(func() { log.SetDefault(log.NewNoopLogger()) })
	decideReaper(ctx) // first: testcontainers reads its settings once
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, fmt.Errorf("no Docker engine (scripts/docker.sh starts one or says how to): %w", err)
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	e := &engine{docker: docker, labels: map[string]string{labelHost: name, labelOwner: owner(os.Getpid())}}
	return e, e.locate(ctx)
}

// locate finds out where published ports can be reached. In a container,
// testcontainers takes the gateway of the bridge; if that is an address of our
// own, the engine runs in here too, and the loopback does. So a broker is
// published to other machines only if the engine is on another machine.
func (e *engine) locate(ctx context.Context) error {
	p, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return err
	}
	defer p.Close()
	host, err := p.DaemonHost(ctx)
	if err != nil {
		return fmt.Errorf("find the Docker engine's address: %w", err)
	}
	e.host, e.bindIP = host, netip.IPv4Unspecified()
	if host == "localhost" || isOwn(host) {
		e.host, e.bindIP = loopback.String(), loopback
	}
	return nil
}

func isOwn(host string) bool {
	ip := net.ParseIP(host)
	addrs, err := net.InterfaceAddrs()
	if ip == nil || err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}

var reaperOnce sync.Once

// decideReaper turns testcontainers' reaper off for this process if its image
// can't be had; testcontainers would fail otherwise. It is left on if the user
// has decided, or if the engine can't be asked in the plainest way.
func decideReaper(ctx context.Context) {
	reaperOnce.Do(func() {
		const name = "TESTCONTAINERS_RYUK_DISABLED"
		if _, decided := os.LookupEnv(name); decided {
			return
		}
		docker, err := client.New(client.FromEnv)
		if err != nil {
			return
		}
		defer docker.Close()
		if _, err := docker.Ping(ctx, client.PingOptions{}); err != nil {
			return
		}
		//nolint:staticcheck // deprecated, and yet the only place that tells the version
		if haveImage(ctx, docker, testcontainers.ReaperDefaultImage) {
			return
		}
		_ = os.Setenv(name, "true") // fails for malformed names only
	})
}

// haveImage pulls an image if need be. A registry that does not answer is given
// up soon; a download that has begun is not cut short.
func haveImage(ctx context.Context, docker *client.Client, image string) bool {
	if _, err := docker.ImageInspect(ctx, image); err == nil {
		return true
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	impatient := time.AfterFunc(15*time.Second, cancel)
	r, err := docker.ImagePull(ctx, image, client.ImagePullOptions{})
	if err != nil {
		return false
	}
	defer r.Close()
	if _, err = r.Read(make([]byte, 1)); err != nil {
		return false
	}
	impatient.Stop()
	_, _ = io.Copy(io.Discard, r) // whether it worked is seen by looking at the image
	_, err = docker.ImageInspect(ctx, image)
	return err == nil
}

// sweep removes what test processes of this host have left behind that are no
// longer there. It does what it can: leftovers disturb, but don't break, a run.
func (e *engine) sweep(ctx context.Context) {
	mine := make(client.Filters).Add("label", labelHost+"="+e.labels[labelHost])
	if list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine}); err == nil {
		for _, c := range list.Items {
			if !alive(c.Labels[labelOwner]) {
				_, _ = e.docker.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			}
		}
	}
	if list, err := e.docker.NetworkList(ctx, client.NetworkListOptions{Filters: mine}); err == nil {
		for _, n := range list.Items {
			if !alive(n.Labels[labelOwner]) {
				_, _ = e.docker.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
			}
		}
	}
}

// owner names a process so that a later one with the same id is told apart.
func owner(pid int) string {
	return strings.TrimSuffix(strconv.Itoa(pid)+" "+startTime(pid), " ")
}

func alive(owner string) bool {
	id, start, _ := strings.Cut(owner, " ")
	pid, err := strconv.Atoi(id)
	if err != nil {
		return false
	}
	if start != "" {
		return startTime(pid) == start
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// startTime is when a process started, in clock ticks since the host's start;
// empty if there is no such process, or no /proc to ask.
func startTime(pid int) string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	// Field 22; the second one, the name in parentheses, may hold spaces.
	_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
	if f := strings.Fields(rest); len(f) > 19 {
		return f[19]
	}
	return ""
}

var (
	portMu sync.Mutex
	taken  = map[int]bool{} // by this process, for good
)

// freePort picks a free port below 32768; doc.go says why there.
func freePort() (int, error) {
	portMu.Lock()
	defer portMu.Unlock()
	for range 1000 {
		p := 20000 + rand.IntN(12000)
		if taken[p] {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(loopback.String(), strconv.Itoa(p)))
		if err != nil {
			continue
		}
		_ = l.Close()
		taken[p] = true
		return p, nil
	}
	return 0, errors.New("no free port between 20000 and 32000")
}
