package stream_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// order is a record of the timer test: "ts key domain verb at".
type order struct {
	TS, At int64
	Key    string
	Domain int
	Verb   string // set, delete, or chain: one that sets the next one, up to At
}

func parseOrder(r *stream.Record) (o order, err error) {
	_, err = fmt.Sscan(string(r.Value), &o.TS, &o.Key, &o.Domain, &o.Verb, &o.At)
	return o, err
}

func (o order) String() string { return fmt.Sprintln(o.TS, o.Key, o.Domain, o.Verb, o.At) }

// obedient sets and deletes timers as it is told, and says when they fire.
func obedient() *stream.Job {
	job := stream.NewJob("orders")
	in := stream.From(job, stream.Topics("in"), parseOrder, stream.Watermarks(0), stream.TimestampOf(func(o order) int64 { return o.TS }))
	domains := []state.Domain{stream.ProcessingTime, stream.EventTime}
	fired := stream.Process(stream.KeyBy(in, func(o order) string { return o.Key }), func(s *stream.Setup) stream.ProcessFunc[string, order, string] {
		until := stream.MapState(s, "until", state.Int64{}, state.Int64{})
		var timers *stream.Timers
		timers = stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ctx.Emit(fmt.Sprint(ctx.Key(), " ", int(t.Domain), " ", t.At))
			last, ok, err := until.Get(int64(t.Domain))
			if err != nil || !ok || t.At+3 > last {
				return err
			}
			return timers.Set(t.Domain, t.At+3)
		})
		return func(_ *stream.Context[string, string], o order) error {
			d := domains[o.Domain]
			switch o.Verb {
			case "delete":
				return timers.Delete(d, o.At)
			case "chain":
				return until.Put(int64(d), o.At)
			}
			return timers.Set(d, o.At)
		}
	}, stream.UID("orders"))
	stream.To(fired, "out", func(s string, out *stream.Output) error {
		out.Timestamp, out.Value = 0, []byte(s) // times below 0 are none for Kafka
		return nil
	})
	return job
}

// naiveTimers keeps a set, and looks through all of it.
type naiveTimers struct {
	set   map[string]map[int64]bool // by key and domain
	until map[string]int64
	out   []string
}

func (n *naiveTimers) take(o order) {
	id := fmt.Sprint(o.Key, " ", o.Domain)
	switch o.Verb {
	case "delete":
		delete(n.set[id], o.At)
	case "chain":
		n.until[id] = o.At
	default:
		if n.set[id] == nil {
			n.set[id] = map[int64]bool{}
		}
		n.set[id][o.At] = true
	}
}

func (n *naiveTimers) reach(domain int, now int64) {
	for id, set := range n.set {
		if !strings.HasSuffix(id, strconv.Itoa(domain)) {
			continue
		}
		for at := int64(-100); at <= now; at++ {
			if !set[at] {
				continue
			}
			delete(set, at)
			n.out = append(n.out, fmt.Sprint(id, " ", at))
			if last, ok := n.until[id]; ok && at+3 <= last {
				set[at+3] = true
			}
		}
	}
}

// end: event time comes to its end; then those that are set for the clock fire, and no others.
func (n *naiveTimers) end() {
	n.reach(1, 100)
	for id, set := range n.set {
		if strings.HasSuffix(id, "1") {
			continue
		}
		anew := map[int64]bool{}
		for at := range set {
			n.out = append(n.out, fmt.Sprint(id, " ", at))
			if last, ok := n.until[id]; ok && at+3 <= last && !set[at+3] {
				anew[at+3] = true
			}
		}
		n.set[id] = anew
	}
}

// Timers of both times fire once for each key and time, in order for each key, at the first watermark or tick that reaches them.
func TestTimersEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := streamtest.New(obedient())
		if err != nil {
			t.Fatal(err)
		}
		r.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
		now, wm := int64(1), int64(-1<<62)
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		check(r.Advance(time.UnixMilli(now)))
		model := &naiveTimers{set: map[string]map[int64]bool{}, until: map[string]int64{}}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0:
				check(r.End())
				model.end()
				check(r.Advance(time.UnixMilli(now))) // what they have set
				model.reach(0, now)
			case 1, 2, 3:
				now += rapid.Int64Range(0, 9).Draw(t, "by")
				check(r.Advance(time.UnixMilli(now)))
				model.reach(0, now)
			default:
				o := order{rapid.Int64Range(0, 60).Draw(t, "ts"), rapid.Int64Range(-2, 60).Draw(t, "at"),
					rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), rapid.IntRange(0, 1).Draw(t, "domain"),
					rapid.SampledFrom([]string{"set", "set", "delete", "chain"}).Draw(t, "verb")}
				model.take(o)
				check(r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "in"}, Records: []txn.Record{{Value: []byte(o.String())}}}))
				if next := notZero(o.TS - 1); next > wm {
					wm = next
					model.reach(1, wm)
				}
				check(r.Advance(time.UnixMilli(now))) // what is overdue
				model.reach(0, now)
			}
			compareTimers(t, r, model)
		}
	})
}

func compareTimers(t *rapid.T, r *streamtest.Runner, model *naiveTimers) {
	records, err := r.Output()
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int64{}
	var got []string
	for _, rec := range records {
		got = append(got, string(rec.Value))
		id, at, _ := strings.Cut(string(rec.Value), " ")
		domain, at, _ := strings.Cut(at, " ")
		n, _ := strconv.ParseInt(at, 10, 64)
		if before, ok := last[id+domain]; ok && n <= before {
			t.Fatalf("%s fires after %d", rec.Value, before)
		}
		last[id+domain] = n
	}
	slices.Sort(got)
	slices.Sort(model.out)
	if !slices.Equal(got, model.out) {
		t.Fatalf("got %q, want %q", got, model.out)
	}
	model.out = nil
}
