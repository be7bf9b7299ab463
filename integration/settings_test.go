//go:build integration

package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// refused starts an instance that has to end by itself with this exit code, and to say all of these texts, before anything is
// consumed: no offset is committed, no output written, and the group has no member.
func (j *job) refused(within time.Duration, settings []string, code int, texts ...string) {
	j.t.Helper()
	committed, outputs := fmt.Sprint(j.admin.committed(j.id, j.in)), j.sinkAdmin.end(j.out)
	processor(j.t) // the time to build it does not count
	begin := time.Now()
	p := j.start(settings...)
	if got := p.exit(within + patience); got != code {
		j.t.Errorf("exit code %d, want %d", got, code)
	}
	if took := time.Since(begin); took > within {
		j.t.Errorf("it took %v to refuse, want at most %v", took, within)
	}
	for _, text := range texts {
		if !strings.Contains(p.log.String(), text) {
			j.t.Errorf("it does not say %q:\n%s", text, p.log.tail(5))
		}
	}
	if strings.Contains(p.log.String(), "goroutine ") {
		j.t.Errorf("it panics")
	}
	if now := fmt.Sprint(j.admin.committed(j.id, j.in)); now != committed {
		j.t.Errorf("committed offsets were %s and are %s", committed, now)
	}
	if now := j.sinkAdmin.end(j.out); now != outputs {
		j.t.Errorf("there were %d outputs (with markers) and are %d", outputs, now)
	}
	if m := j.admin.members(j.id); len(m) > 0 {
		j.t.Errorf("the group has members %q", m)
	}
}

// A bad setting is refused with its name, its value and what is allowed.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct {
		name     string
		settings []string
		texts    []string
	}{
		{"unknown name", []string{"CHECKPOINT_INTERVALL=1s"}, []string{"WEIR_CHECKPOINT_INTERVALL", "did you mean WEIR_CHECKPOINT_INTERVAL?"}},
		{"unknown Kafka property", []string{"KAFKA_SECURITY_PROTOCOLL=ssl"}, []string{"WEIR_KAFKA_SECURITY_PROTOCOLL", "did you mean WEIR_KAFKA_SECURITY_PROTOCOL?"}},
		{"malformed duration", []string{"CHECKPOINT_INTERVAL=1 sec"}, []string{"WEIR_CHECKPOINT_INTERVAL", "1 sec", "a duration with its unit", "from 5ms to 15m"}},
		{"duration out of range", []string{"CHECKPOINT_INTERVAL=1ms"}, []string{"WEIR_CHECKPOINT_INTERVAL", "1ms", "from 5ms"}},
		{"interval too long for the transaction timeout", []string{"CHECKPOINT_INTERVAL=8s", "TRANSACTION_TIMEOUT=10s"},
			[]string{"WEIR_CHECKPOINT_INTERVAL", "8s", "WEIR_TRANSACTION_TIMEOUT=10s", "at most half of it (5s)"}},
		{"transaction timeout over the broker's limit", []string{"TRANSACTION_TIMEOUT=20m"}, []string{"WEIR_TRANSACTION_TIMEOUT", "20m", "15m", "transaction.max.timeout.ms"}},
		{"unknown word", []string{"GUARANTEE=at-most-once"}, []string{"WEIR_GUARANTEE", "at-most-once", "exactly-once or at-least-once"}},
		{"missing input topic", []string{"INPUT_TOPICS=nowhere"}, []string{"WEIR_INPUT_TOPICS", "nowhere", "does not exist"}},
		{"missing output topic", []string{"OUTPUT_TOPIC=nowhere"}, []string{"WEIR_OUTPUT_TOPIC", "nowhere", "does not exist"}},
		{"folder below a file", []string{"DATA_DIR=" + file + "/data"}, []string{"WEIR_DATA_DIR", file, "is a file", "expected a folder"}},
		{"state folder that is a file", []string{"STATE_DIR=" + file}, []string{"WEIR_STATE_DIR", file, "is a file", "expected a folder"}},
		{"store in a folder that is a file", []string{"CHECKPOINT_STORE=file://" + file}, []string{"WEIR_CHECKPOINT_STORE", file, "is a file", "expected a folder"}},
		{"store of an unknown kind", []string{"CHECKPOINT_STORE=ftp://host/x"}, []string{"WEIR_CHECKPOINT_STORE", "ftp://host/x", "file:///"}},
		{"address in use", []string{"HTTP_ADDR=" + listen(t)}, []string{"WEIR_HTTP_ADDR", "address already in use"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJob(t, sharedCluster(t), "wordcount", 1)
			j.refused(10*time.Second, c.settings, 2, c.texts...)
		})
	}
}

func listen(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// A folder without the right to write. Root may write anywhere but into what the kernel keeps.
func TestUnwritableFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sealed")
	must(t, os.Mkdir(dir, 0o500))
	if os.Geteuid() == 0 {
		dir = "/proc/weir"
	}
	newJob(t, sharedCluster(t), "wordcount", 1).refused(10*time.Second, []string{"DATA_DIR=" + dir}, 2, "WEIR_DATA_DIR", dir, "expected a folder that this user can write")
}

// A broker that cannot be reached is given up at the deadline, by name.
func TestUnreachableBroker(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	newJob(t, sharedCluster(t), "wordcount", 1).refused(8*time.Second, []string{"BROKERS=" + addr, "START_TIMEOUT=3s"}, 1, "WEIR_BROKERS", addr, "3s")
}

// What the broker forbids is found out before anything is consumed.
func TestNoPermission(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		rule  func(j *job) *kadm.ACLBuilder
		texts func(j *job) []string
	}{
		{"to see the input", func(j *job) *kadm.ACLBuilder { return deny(kadm.OpDescribe).Topics(j.in) },
			func(j *job) []string { return []string{"WEIR_INPUT_TOPICS", j.in} }},
		{"to read the input", func(j *job) *kadm.ACLBuilder { return deny(kadm.OpRead).Topics(j.in) },
			func(j *job) []string { return []string{"WEIR_INPUT_TOPICS", j.in} }},
		{"to write the output", func(j *job) *kadm.ACLBuilder { return deny(kadm.OpWrite).Topics(j.out) },
			func(j *job) []string { return []string{"WEIR_OUTPUT_TOPIC", j.out} }},
		{"to use the group", func(j *job) *kadm.ACLBuilder { return deny(kadm.OpRead).Groups(j.id) },
			func(j *job) []string { return []string{"WEIR_JOB_ID", j.id} }},
		{"to use the transactional id", func(j *job) *kadm.ACLBuilder { return deny(kadm.OpWrite).TransactionalIDs(j.id + "-one") },
			func(j *job) []string { return []string{j.id + "-one"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJob(t, sharedCluster(t), "wordcount", 1)
			f := newFeeder(t, j.cluster.Bootstrap(), j.in, 1, newText(newRand(t)))
			f.feed(100) // there would be something to consume
			rule := c.rule(j)
			j.admin.rule(allowOthers(c.rule(j)))
			j.admin.rule(rule)
			within := 15 * time.Second
			p := j.start()
			if code := p.exit(within); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			for _, text := range append(c.texts(j), "AUTHORIZATION_FAILED") {
				if !strings.Contains(p.log.String(), text) {
					t.Errorf("it does not say %q", text)
				}
			}
			if p.log.String() == "" || strings.Contains(p.log.String(), "goroutine ") {
				t.Errorf("it panics or says nothing")
			}
			if read := strings.Contains(p.log.String(), "epoch failed"); read && c.name == "to write the output" {
				t.Errorf("records were read before it was noticed")
			}
			j.admin.forget(rule) // so that the broker answers us
			if n := len(j.admin.committed(j.id, j.in)); n > 0 {
				t.Errorf("offsets of %d partitions are committed", n)
			}
			if end := j.sinkAdmin.end(j.out); end > 0 {
				t.Errorf("%d outputs (with markers) were written", end)
			}
		})
	}
}

// deny forbids an operation to everybody; allowOthers allows all other ones, since a rule on a resource ends its openness.
func deny(op kadm.ACLOperation) *kadm.ACLBuilder {
	return kadm.NewACLs().ResourcePatternType(kadm.ACLPatternLiteral).Operations(op).Deny("User:*").DenyHosts("*")
}

func allowOthers(b *kadm.ACLBuilder) *kadm.ACLBuilder {
	return b.Operations(kadm.OpAll).Deny().DenyHosts().Allow("User:*").AllowHosts("*")
}

func (a *admin) rule(b *kadm.ACLBuilder) {
	a.t.Helper()
	ctx, cancel := ask()
	defer cancel()
	made, err := a.cl.CreateACLs(ctx, b)
	must(a.t, err)
	if len(made) == 0 {
		a.t.Fatal("no rule was made")
	}
	for _, m := range made {
		must(a.t, m.Err)
	}
}

func (a *admin) forget(b *kadm.ACLBuilder) {
	a.t.Helper()
	ctx, cancel := ask()
	defer cancel()
	gone, err := a.cl.DeleteACLs(ctx, b)
	must(a.t, err)
	if !slices.ContainsFunc(gone, func(r kadm.DeleteACLsResult) bool { return len(r.Deleted) > 0 }) {
		a.t.Fatal("no rule was removed")
	}
}
