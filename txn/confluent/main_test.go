package confluent_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. A call that was left to itself ends with its transaction's timeout,
// some seconds after its test.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "24") // they mostly wait
	code := m.Run()
	if code == 0 {
		code = leaks()
	}
	os.Exit(code)
}

func leaks() int {
	// A consumer with a fatal error can't be closed by librdkafka (see consumer.Close).
	fenced := goleak.IgnoreAnyFunction("github.com/confluentinc/confluent-kafka-go/v2/kafka.(*Consumer).Close")
	// librdkafka may forget to answer (see consumer.leave).
	unanswered := goleak.IgnoreAnyFunction("github.com/weirstream/weir/txn/confluent.unassign")
	// Connections to the Docker engine that testcontainers keeps open, with a build that has them.
	docker1 := goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop")
	docker2 := goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop")
	var err error
	for end := time.Now().Add(12 * time.Second); time.Now().Before(end); {
		if err = goleak.Find(fenced, unanswered, docker1, docker2); err == nil {
			return 0
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
