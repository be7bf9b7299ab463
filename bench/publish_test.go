//go:build bench && linux

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/internal/kafkatest"
)

const page = "../docs/benchmarks.md"

// publish puts a result between its markers in docs/benchmarks.md, below what it was measured on.
func publish(t *testing.T, section, table string) {
	t.Helper()
	if !publishes() || t.Failed() {
		return
	}
	b, err := os.ReadFile(page)
	must(t, err)
	begin, end := "<!-- bench:"+section+" -->\n", "<!-- /bench:"+section+" -->"
	before, rest, ok1 := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no %s…%s", page, strings.TrimSpace(begin), end)
	}
	text := before + begin + machine() + "\n\n" + strings.TrimSpace(table) + "\n" + end + after
	must(t, os.WriteFile(page, []byte(text), 0o644))
}

// machine says what was measured on, when, and of which version.
func machine() string {
	_, librdkafka := kafka.LibraryVersion()
	return fmt.Sprintf("Measured %s on %s; %s cores, %s; Linux %s, %s. Weir %s, confluent-kafka-go %s (librdkafka %s), broker %s in a container on the same machine.%s",
		time.Now().UTC().Format("2006-01-02"), output("sh", "-c", "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1"), output("nproc"),
		output("sh", "-c", "awk '/MemTotal/ {printf \"%.0f GiB\", $2/1048576}' /proc/meminfo"), output("uname", "-r"),
		output("go", "env", "GOVERSION"), output("git", "describe", "--tags", "--always", "--dirty"),
		output("go", "list", "-m", "-f", "{{.Version}}", "github.com/confluentinc/confluent-kafka-go/v2"), librdkafka, kafkatest.Image(), handedOn())
}

func handedOn() string {
	var s []string
	for _, k := range knob {
		if v := env(k); v != "" {
			s = append(s, "`BENCH_"+k+"="+v+"`")
		}
	}
	for _, kv := range settings() {
		s = append(s, "`"+kv+"`")
	}
	if s == nil {
		return ""
	}
	return " With " + strings.Join(s, " ") + "."
}

func output(name string, args ...string) string {
	b, err := exec.Command(name, args...).Output()
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(b))
}
