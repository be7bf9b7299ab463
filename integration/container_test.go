//go:build integration

package integration

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tcexec "github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/log"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"

	"github.com/weirstream/weir/internal/kafkatest"
)

// image is what make image builds from this tree.
const image = "weir:dev"

// needImage fails the test if the image is missing: scripts/image.sh makes it.
func needImage(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("docker", "image", "inspect", image).CombinedOutput(); err != nil {
		t.Fatalf("there is no image %s (make image builds it): %v\n%s", image, err, out)
	}
}

// contained is an instance in a container on the brokers' network.
type contained struct {
	t    *testing.T
	c    *testcontainers.DockerContainer
	host string // where its published ports are
}

// contain starts an instance of the image with this volume as its data folder.
func (j *job) contain(volume string, settings ...string) *contained {
	j.t.Helper()
	return j.containOn(map[string]string{volume: "/var/lib/weir"}, settings...)
}

// containOn starts an instance of the image with volumes at these places.
func (j *job) containOn(volumes map[string]string, settings ...string) *contained {
	j.t.Helper()
	env, _ := j.environment(settings)
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WEIR_DATA_DIR"} {
		delete(env, name) // the image has its own
	}
	env["WEIR_HTTP_ADDR"] = ":8080"
	env["WEIR_BROKERS"] = j.cluster.InternalBootstrap()
	with := []testcontainers.ContainerCustomizer{testcontainers.WithEnv(env), testcontainers.WithExposedPorts("8080/tcp"), published(j.cluster)}
	for volume, at := range volumes {
		with = append(with, mounting(volume, at))
	}
	return startContainer(j.t, image, j.cluster, with...)
}

// published puts the port where the broker's ports are: on the loopback, if the engine is on this machine.
func published(c *kafkatest.Cluster) testcontainers.ContainerCustomizer {
	return testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
		b := network.PortBinding{}
		if strings.HasPrefix(c.Brokers[0].Addr, "127.0.0.1:") {
			b.HostIP = netip.MustParseAddr("127.0.0.1")
		}
		h.PortBindings = network.PortMap{network.MustParsePort("8080/tcp"): {b}}
	})
}

func mounting(volume, at string) testcontainers.ContainerCustomizer {
	return testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Source: volume, Target: at})
	})
}

func startContainer(t *testing.T, name string, c *kafkatest.Cluster, with ...testcontainers.ContainerCustomizer) *contained {
	t.Helper()
	with = append(with, testcontainers.WithLogger(log.NewNoopLogger()), tcnetwork.WithNetworkName(nil, c.Network()))
	host, _, err := net.SplitHostPort(c.Brokers[0].Addr)
	must(t, err)
	dc, err := testcontainers.Run(t.Context(), name, with...)
	p := &contained{t, dc, host}
	t.Cleanup(func() {
		if t.Failed() && dc != nil {
			t.Logf("the end of the log of the container:\n%s", p.log())
		}
		if err := testcontainers.TerminateContainer(dc, testcontainers.StopTimeout(0)); err != nil {
			t.Error(err)
		}
	})
	must(t, err)
	return p
}

func (p *contained) log() string {
	ctx, cancel := ask()
	defer cancel()
	r, err := p.c.Logs(ctx)
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	b, _ := io.ReadAll(r) // part of a log is better than none
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// exit waits until the container has ended.
func (p *contained) exit(within time.Duration) int {
	p.t.Helper()
	code := 0
	eventually(p.t, within, "the container to end", func() error {
		s, err := p.c.State(p.t.Context())
		if err == nil && s.Running {
			err = fmt.Errorf("it is %s", s.Status)
		}
		if err == nil {
			code = s.ExitCode
		}
		return err
	})
	return code
}

func (p *contained) running() bool {
	s, err := p.c.State(p.t.Context())
	return err == nil && s.Running
}

// stop is what docker stop and Kubernetes do: SIGTERM to the first process.
func (p *contained) stop() {
	p.t.Helper()
	begin := time.Now()
	d := 20 * time.Second
	must(p.t, p.c.Stop(p.t.Context(), &d))
	if code, took := p.exit(d), time.Since(begin); code != 0 || took > 10*time.Second {
		p.t.Errorf("exit code %d after %v, want 0 within 10s", code, took)
	}
}

func (p *contained) ready() {
	p.t.Helper()
	eventually(p.t, patience, "the container to be ready", func() error {
		port, err := p.c.MappedPort(p.t.Context(), "8080/tcp")
		if err != nil {
			return err
		}
		r, err := http.Get("http://" + net.JoinHostPort(p.host, port.Port()) + "/readyz")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz: %s", r.Status)
		}
		return nil
	})
}

// newVolume makes a volume; with a size it is a file system in memory that is no larger.
func newVolume(t *testing.T, size string) string {
	t.Helper()
	docker, err := testcontainers.NewDockerClientWithOpts(t.Context())
	must(t, err)
	t.Cleanup(func() { _ = docker.Close() })
	name := fmt.Sprintf("weir-%d-%d", os.Getpid(), jobs.Add(1))
	o := client.VolumeCreateOptions{Name: name}
	if size != "" {
		o.DriverOpts = map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=" + size + ",uid=65532,gid=65532"}
	}
	_, err = docker.VolumeCreate(t.Context(), o)
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := ask()
		defer cancel()
		if _, err := docker.VolumeRemove(ctx, name, client.VolumeRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	return name
}

// The image counts words beside the real broker, as its own user, and stops in good order.
func TestImage(t *testing.T) {
	t.Parallel()
	needImage(t)
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, exactlyOnce)
	volume := newVolume(t, "")
	for range 2 { // the second goes on from the volume of the first
		w.feed(2000)
		p := w.contain(volume)
		p.ready()
		w.out.await(w.truth.words(), patience, nil)
		p.stop()
	}
	w.verdict()
	if m := w.admin.members(w.id); len(m) > 0 {
		t.Errorf("the group still has members: %q", m)
	}
}

func (p *contained) sh(command string) {
	p.t.Helper()
	if code, out := p.exec("sh", "-c", command); code != 0 {
		p.t.Fatalf("%s: exit code %d: %s", command, code, out)
	}
}

// exec runs a command in the container.
func (p *contained) exec(command ...string) (code int, out string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code, r, err := p.c.Exec(ctx, command, tcexec.Multiplexed())
	must(p.t, err)
	b, err := io.ReadAll(r)
	must(p.t, err)
	return code, string(b)
}
