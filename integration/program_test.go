//go:build integration

package integration

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/internal/kafkatest"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// Programs with jobs of their own are this test's binary, started with their name in programVariable and the prefix of their topics in
// prefixVariable.
const (
	programVariable = "INTEGRATION_PROGRAM"
	prefixVariable  = "INTEGRATION_PREFIX"
)

var programs = map[string]func(prefix string) *stream.Job{"route": routeJob, "sums": sumsJob, "ends": endsJob, "ballast": ballastJob}

// runProgram does not return.
func runProgram(name string) {
	weir.Main(programs[name](os.Getenv(prefixVariable)))
}

// executable is what to run with this environment.
func executable(t testing.TB, env []string) string {
	for _, s := range env {
		if name, ok := strings.CutPrefix(s, exampleVariable+"="); ok {
			return exampleBinary(t, name)
		}
	}
	if !slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, programVariable+"=") }) {
		return processor(t)
	}
	self, err := os.Executable()
	must(t, err)
	return self
}

// newProgram is newJob for one of programs; its topics are id-in and those that suffixes name, with their partitions.
func newProgram(t *testing.T, c *kafkatest.Cluster, name string, partitions int, topics map[string]int, settings ...string) *job {
	t.Helper()
	j := newJob(t, c, name, partitions, settings...)
	for _, s := range []string{"WEIR_JOB", "WEIR_INPUT_TOPICS", "WEIR_OUTPUT_TOPIC"} {
		delete(j.env, s)
	}
	j.env[programVariable], j.env[prefixVariable] = name, j.id
	for suffix, n := range topics {
		must(t, c.CreateTopic(t.Context(), j.id+suffix, n, nil))
	}
	return j
}

// routeJob writes records as they say: the value is what a sink is to do with it, "topic|partition|timestamp|value". Behind a keyBy, records whose
// value is "bad" go to the dead letters.
func routeJob(prefix string) *stream.Job {
	job := stream.NewJob("route")
	orders := stream.From(job, stream.Topics(prefix+"-in"), stream.Pairs(state.String{}, state.String{}), stream.UID("source"))
	type order = stream.KV[string, string]
	byKey := stream.KeyBy(orders, func(o order) string { return o.Key }, stream.UID("by"), stream.Through(state.JSON[order]{}))
	passed := stream.Process(byKey, func(*stream.Setup) stream.ProcessFunc[string, order, order] {
		return func(ctx *stream.Context[string, order], o order) error {
			ctx.Emit(o)
			if strings.HasSuffix(o.Value, "|bad") {
				return errors.New("it is bad")
			}
			return nil
		}
	}, stream.UID("pass"), stream.OnError(stream.DeadLetter(prefix+"-letters")))
	encode := func(o order, out *stream.Output) error {
		f := strings.SplitN(o.Value, "|", 4)
		if len(f) != 4 {
			return fmt.Errorf("%d fields, want 4", len(f))
		}
		out.Topic, out.Key = prefix+f[0], []byte(o.Key)
		out.Headers = []stream.Header{{Key: "key", Value: out.Key}, {Key: "null"}, {Key: "key", Value: []byte{}}}
		if f[1] != "" {
			p, err := strconv.Atoi(f[1])
			if err != nil {
				return err
			}
			out.Partition = int32(p)
		}
		if f[2] != "" {
			ts, err := strconv.ParseInt(f[2], 10, 64)
			if err != nil {
				return err
			}
			out.Timestamp = ts
		}
		if f[3] != "null" {
			out.Value = []byte(f[3])
		}
		return nil
	}
	// The last digit of the key chooses among the partitions.
	last := func(key, _ []byte, n int32) int32 { return int32(key[len(key)-1]-'0') % n }
	named := stream.Filter(passed, func(o order) bool { return !strings.HasPrefix(o.Value, "-any") })
	others := stream.Filter(passed, func(o order) bool { return strings.HasPrefix(o.Value, "-any") })
	stream.ToTopics(named, []string{prefix + "-a", prefix + "-b"}, encode, stream.PartitionBy(last), stream.UID("sink"))
	stream.ToAny(others, encode, stream.UID("open_sink"))
	return job
}
