//go:build integration

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/stream"
)

// routes feeds the job route.
func routes(t *testing.T, j *job) func(orders ...*kgo.Record) {
	cl, err := kgo.NewClient(seeds(j.cluster.Bootstrap()), kgo.DefaultProduceTopic(j.in))
	must(t, err)
	t.Cleanup(cl.Close)
	return func(orders ...*kgo.Record) {
		t.Helper()
		must(t, cl.ProduceSync(t.Context(), orders...).FirstErr())
	}
}

func order(key, value string) *kgo.Record {
	return &kgo.Record{Key: []byte(key), Value: []byte(value), Timestamp: time.UnixMilli(1_700_000_000_000)}
}

// Records get where their functions and partitioners send them, with all that belongs to them, each once, through both exchanges, whatever
// is killed.
func TestRoutedRecords(t *testing.T) {
	t.Parallel()
	for _, exchange := range []string{"memory", "kafka"} {
		t.Run(exchange, func(t *testing.T) {
			t.Parallel()
			rng := newRand(t)
			topics := map[string]int{"-a": 3, "-b": 4, "-any-c": 2, "-letters": 1}
			j := newProgram(t, sharedCluster(t), "route", 2, topics, "EXCHANGE="+exchange)
			feed := routes(t, j)
			want := map[string][]string{} // by topic
			id := 0
			send := func(n int) {
				var orders []*kgo.Record
				for range n {
					id++
					key := fmt.Sprintf("k%d", rng.IntN(30))
					topic := []string{"-a", "-b", "-any-c"}[rng.IntN(3)]
					partition, ts, value := "", "", fmt.Sprintf("v%d", id)
					if rng.IntN(3) == 0 {
						partition = fmt.Sprint(rng.IntN(topics[topic]))
					}
					if rng.IntN(3) == 0 {
						ts = fmt.Sprint(1_600_000_000_000 + rng.Int64N(1e9))
					}
					switch rng.IntN(6) {
					case 0:
						value = "null"
					case 1:
						value = "bad"
					}
					order := order(key, fmt.Sprintf("%s|%s|%s|%s", topic, partition, ts, value))
					orders = append(orders, order)
					if value == "bad" {
						want["-letters"] = append(want["-letters"], string(order.Key)+" "+string(order.Value))
						continue
					}
					want[topic] = append(want[topic], expected(key, topic, partition, ts, value, topics[topic]))
				}
				feed(orders...)
			}
			for range 3 {
				send(400)
				p := j.run()
				send(400)
				some := 1 + rng.IntN(800)
				eventually(t, patience, "some records read", func() error { return p.atLeast("weir_records_in_total", float64(some)) })
				p.kill()
			}
			p := j.run()
			var got map[string][]string
			eventually(t, patience, "all records", func() error {
				got = map[string][]string{}
				total := 0
				for topic := range topics {
					for _, r := range readEnd(t, j, j.id+topic) {
						got[topic] = append(got[topic], routed(t, topic, r))
						total++
					}
				}
				if total < id {
					return fmt.Errorf("%d of %d records", total, id)
				}
				return nil
			})
			p.stop()
			for topic := range topics {
				slices.Sort(got[topic])
				slices.Sort(want[topic])
				if !slices.Equal(got[topic], want[topic]) {
					t.Errorf("%s: %d records, want %d; first %.5q, want %.5q", topic, len(got[topic]), len(want[topic]), got[topic], want[topic])
				}
			}
		})
	}
}

// expected is a record as routed shows it.
func expected(key, topic, partition, ts, value string, partitions int) string {
	if ts == "" {
		ts = "1700000000000"
	}
	if partition == "" && topic != "-any-c" {
		partition = fmt.Sprint(int(key[len(key)-1]-'0') % partitions)
	}
	if partition == "" {
		partition = fmt.Sprint(kgo.StickyKeyPartitioner(nil).ForTopic("").Partition(&kgo.Record{Key: []byte(key)}, partitions))
	}
	return fmt.Sprint(key, " ", partition, " ", ts, " ", value)
}

// routed shows a record that came out; headers are checked here.
func routed(t *testing.T, topic string, r *kgo.Record) string {
	t.Helper()
	if topic == "-letters" {
		if h := r.Headers; len(h) != 5 || string(h[1].Value) != "pass" || h[0].Key != stream.HeaderCause || string(h[0].Value) != "it is bad" {
			t.Fatalf("the headers of a dead letter are %v", h)
		}
		return string(r.Key) + " " + string(r.Value)
	}
	if h := r.Headers; len(h) != 3 || !same(h[0].Value, r.Key) || !same(h[1].Value, nil) || !same(h[2].Value, []byte{}) || h[1].Key != "null" {
		t.Fatalf("headers are %v", h)
	}
	value := string(r.Value)
	if r.Value == nil {
		value = "null" // a tombstone
	}
	return fmt.Sprint(string(r.Key), " ", r.Partition, " ", r.Timestamp.UnixMilli(), " ", value)
}

// What no repetition helps against ends the process with the topic's name, and soon.
func TestRefusedRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value string
		code  int
		texts []string
	}{
		"missing topic":        {"-any-gone|||v", 2, []string{"-any-gone", "does not exist", "open_sink", "-in["}},
		"undeclared topic":     {"-c|||v", 1, []string{"-c", "is none of the sink's", `\"sink\"`, "-in["}},
		"partition":            {"-a|7||v", 1, []string{"partition 7 of topic", "which has 3", "-in["}},
		"before 1970":          {"-a||-5|v", 1, []string{"timestamp -5", "-in["}},
		"far in the future":    {"-a||33000000000000|v", 1, []string{"-a", "33000000000000", "message.timestamp.after.max.ms", "Output.Timestamp", `\"sink\"`, "-in["}},
		"dead letter's secret": {"-a|x||secret", 1, []string{"operator", "-in["}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newProgram(t, sharedCluster(t), "route", 1, map[string]int{"-a": 3, "-b": 1, "-letters": 1})
			routes(t, j)(order("key1", c.value))
			p := j.start()
			if code := p.exit(patience); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if log := p.log.String(); !hasAll(log, c.texts) || strings.Contains(log, "secret") {
				t.Errorf("it says\n%s", p.log.tail(12))
			}
		})
	}
}
