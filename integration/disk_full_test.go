//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"

	"github.com/weirstream/weir/internal/kafkatest"
)

// smallDisk is a file system of so many MiB that fill leaves no more room on than it is told.
type smallDisk struct {
	*contained
	volume string
}

const pageBytes = 4 << 10

func newSmallDisk(t *testing.T, c *kafkatest.Cluster, mib int) *smallDisk {
	t.Helper()
	d := &smallDisk{volume: newVolume(t, fmt.Sprintf("%dm", mib))}
	// It fills the volume, and keeps it: a file system in memory is gone when nobody has it mounted.
	d.contained = startContainer(t, kafkatest.Image(), c, mounting(d.volume, "/volume"),
		testcontainers.WithConfigModifier(func(c *container.Config) {
			c.User, c.Entrypoint, c.Cmd = "0", []string{"sleep"}, []string{"3600"}
		}))
	return d
}

// fill leaves so many pages free.
func (d *smallDisk) fill(left int) {
	d.t.Helper()
	// Others may write meanwhile: then it has taken all there was.
	d.sh(fmt.Sprintf("rm -f /volume/filler && head -c $(($(stat -f -c '%%a*%%S' /volume) - %d)) /dev/zero >/volume/filler || true", left*pageBytes))
}

func (d *smallDisk) empty() { d.t.Helper(); d.sh("rm -f /volume/filler") }

// files are all but the filler and folders.
func (d *smallDisk) files() string {
	d.t.Helper()
	_, out := d.exec("find", "/volume", "-type", "f", "!", "-name", "filler")
	return strings.TrimSpace(out)
}

// A full disk: nothing is lost, the error says what it is, and when there is room again the work goes on, after a
// restart if the process has ended.
func TestFullDisk(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		needImage(t)
		w := newWordCount(t, sharedCluster(t), newRand(t), 2, guarantee)
		disk := newSmallDisk(t, w.cluster, 48)
		p := w.contain(disk.volume)
		p.ready()
		stop := w.stream(300)
		w.out.await(1000, patience, nil)
		w.out.during("the disk is full")
		disk.fill(0)
		eventually(t, patience, "the error to be told", func() error {
			if s := p.log(); !strings.Contains(s, "no space left on device") {
				return fmt.Errorf("the log ends with %s", s)
			}
			return nil
		})
		if !p.running() {
			if code := p.exit(time.Second); code == 0 {
				t.Error("it ended with 0")
			}
		}
		w.out.during("there is room again")
		disk.empty()
		stop()
		// It goes on by itself, or it has given up by then and is started again, as a supervisor does.
		eventually(t, 2*patience, "everything to be counted", func() error {
			if !p.running() {
				p = w.contain(disk.volume)
			}
			if have, want := w.out.seen(), w.truth.words(); have < want {
				return fmt.Errorf("%d of %d outputs", have, want)
			}
			return nil
		})
		p.stop()
		w.verdict()
	})
}

// outOfRoom: a command has failed for want of room, and says where and what to do.
func (p *contained) outOfRoom(code int, out, place string) {
	p.t.Helper()
	if code != 1 || !hasAll(out, []string{place, "the disk is full, make room on it", "no space left on device"}) {
		p.t.Errorf("exit code %d, want 1 and %q with what to do: %s", code, place, out)
	}
}

// A savepoint of a job at work, and one that the state processor makes of a file, on a disk that has a page more of room each time: each fails and leaves nothing
// behind that counts, until one is whole; the job does not mind.
func TestFullDiskOfSavepoints(t *testing.T) {
	t.Parallel()
	needImage(t)
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, "API_TOKEN=of-a-test-0123456789")
	disk := newSmallDisk(t, w.cluster, 8)
	p := w.containOn(map[string]string{newVolume(t, ""): "/var/lib/weir", disk.volume: "/small"})
	p.ready()
	stop := w.stream(300)
	w.out.await(1000, patience, nil)
	w.out.during("the disk for savepoints is full")

	disk.untilRoom(p, "file:///small/live", "processor", "savepoint", "create", "--to=file:///small/live")

	p.copyRows(8000)
	disk.untilRoom(p, "file:///small/made", append(slices.Clone(importRows), "--to=file:///small/made", "--work=/var/lib/weir/work")...)
	disk.untilRoom(p, "file:///var/lib/weir/made", append(slices.Clone(importRows), "--to=file:///var/lib/weir/made", "--work=/small/work")...)

	from := w.out.seen()
	w.out.await(from+300, patience, nil)
	stop()
	w.out.await(w.truth.words(), patience, nil)
	p.stop()
	w.verdict()
}

// untilRoom runs a command that makes a savepoint with ever more room on the disk, until it succeeds. A failure leaves no savepoint, and nothing of one if it was
// to be on this disk.
func (d *smallDisk) untilRoom(p *contained, url string, command ...string) {
	d.t.Helper()
	left := 0
	for ; ; left += 1 + left {
		d.fill(left)
		code, out := p.exec(command...)
		if code == 0 {
			break
		}
		p.outOfRoom(code, out, "/small/")
		if code, out := p.exec("processor", "savepoint", "verify", url); code != 4 {
			d.t.Errorf("with %d pages of room: verify: exit code %d: %s", left, code, out)
		}
		if s := d.files(); s != "" && strings.HasPrefix(url, "file:///small/") {
			d.t.Errorf("with %d pages of room %s was left", left, s)
		}
		if left > 4000 || d.t.Failed() {
			d.t.Fatalf("it still fails with %d pages of room: %s", left, out)
		}
	}
	if left < 2 {
		d.t.Errorf("it succeeds with %d pages of room: the disk was never full", left)
	}
	if code, out := p.exec("processor", "savepoint", "verify", url); code != 0 {
		d.t.Errorf("verify: exit code %d: %s", code, out)
	}
	d.sh("rm -rf /volume/*")
}

// A job restores more than the disk of its state folder takes: it says so, ends, has changed nothing, and goes on when there is room.
func TestFullDiskOfRestore(t *testing.T) {
	t.Parallel()
	needImage(t)
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce)
	data := newVolume(t, "")
	p := w.contain(data)
	p.ready()
	w.feed(500)
	w.out.await(w.truth.words(), patience, nil)
	const others = 150_000
	p.copyRows(others)
	if code, out := p.exec(append(slices.Clone(importRows), "--to=file:///var/lib/weir/made")...); code != 0 {
		t.Fatal(out)
	}
	p.stop()
	w.verdict()

	disk := newSmallDisk(t, w.cluster, 64)
	f := w.fork("fork", "file:///var/lib/weir/made", nil, "START_FROM=earliest", "API_TOKEN=of-a-test-0123456789", "STATE_DIR=/small/state", "RESTART_ATTEMPTS=3", "RESTART_MAX_DELAY=200ms")
	volumes := map[string]string{data: "/var/lib/weir", disk.volume: "/small"}
	for _, left := range []int{0, 20, 100} {
		disk.fill(left)
		p := f.containOn(volumes)
		code := p.exit(patience)
		p.outOfRoom(code, p.log(), "/small/state")
	}
	disk.empty()
	p = f.containOn(volumes)
	p.ready()
	f.out.await(w.truth.words(), patience, nil)
	want := fmt.Sprintf(" is whole: %d entries", others+len(w.truth.all()))
	if code, out := p.exec("processor", "savepoint", "create", "--to=file:///var/lib/weir/after"); code != 0 {
		t.Error(out)
	}
	if _, out := p.exec("processor", "savepoint", "verify", "file:///var/lib/weir/after"); !strings.Contains(out, want) {
		t.Errorf("want %q: %s", want, out)
	}
	p.stop()
	f.verdict()
}

// importRows makes counts of what copyRows has copied.
var importRows = []string{
	"processor", "state", "import", "/var/lib/weir/rows.jsonl", "--memory=1", "--uid=count_words", "--name=count", "--kind=value", "--key-codec=string", "--value-codec=int64-be",
}

// copyRows gives the container a file of n counts of words that nobody writes.
func (p *contained) copyRows(n int) {
	p.t.Helper()
	rows := &bytes.Buffer{}
	for i := range n {
		fmt.Fprintf(rows, "{\"key\":\"%060d\",\"value\":%d}\n", i, i)
	}
	must(p.t, p.c.CopyToContainer(p.t.Context(), rows.Bytes(), "/var/lib/weir/rows.jsonl", 0o644))
}
