package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
)

// inProcess is a cluster in memory with a job's topics, and the checkpoint store that its lives share.
type inProcess struct {
	t     *testing.T
	c     *memtxn.Cluster
	store checkpoint.Store
	job   func() *stream.Job
	lives int
	kafka bool // exchange
}

const inputPartitions = 3

func newInProcess(t *testing.T, job func() *stream.Job, inputs ...string) *inProcess {
	t.Helper()
	p := &inProcess{t: t, c: memtxn.NewCluster(), job: job}
	var err error
	if p.store, err = checkpoint.OpenStore("mem://"); err != nil {
		t.Fatal(err)
	}
	for _, topic := range inputs {
		p.create(topic, inputPartitions)
	}
	p.create("out", 1)
	return p
}

func (p *inProcess) create(topic string, partitions int) {
	if err := p.c.CreateTopic(topic, partitions); err != nil {
		p.t.Fatal(err)
	}
}

// live runs the job, from the checkpoint store alone, until done says that it has done enough.
func (p *inProcess) live(parallelism int, done func() bool) {
	p.t.Helper()
	in, _, end := p.begin(parallelism)
	p.until(in, done)
	if err := end(); err != nil {
		p.t.Fatal(err)
	}
}

// die is live with a violent end: feed is called some times between commits, and amid the work on the last of it the process dies.
func (p *inProcess) die(parallelism int, feed func()) {
	p.t.Helper()
	in, kill, end := p.begin(parallelism)
	for commits := range uint64(4) {
		p.until(in, func() bool { return in.Status().Ready() && in.Status().Commits >= commits })
		feed()
	}
	kill()
	_ = end() // whatever the dead thought of it
}

// begin starts a process. Barriers come as fast as they are allowed to.
func (p *inProcess) begin(parallelism int) (in *runtime.Instance, kill func(), end func() error) {
	p.t.Helper()
	plan, err := p.job().Plan()
	if err != nil {
		p.t.Fatal(err)
	}
	p.lives++
	client := p.c.Client(fmt.Sprint("life-", p.lives))
	o := runtime.Options{
		Plan: plan, JobID: "join", InstanceID: "one", Client: client, Interval: 5 * time.Millisecond,
		Backend: memory.New(), Store: p.store, Parallelism: parallelism, MaxParallelism: 128, OverlayLimit: 8 << 20, CacheBytes: 1 << 20,
		TransactionTimeout: 10 * time.Second, SessionTimeout: 10 * time.Second, StartTimeout: 10 * time.Second, ShutdownTimeout: 10 * time.Second,
		Logger: slog.New(slog.NewTextHandler(p.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if p.kafka {
		o.Exchange, o.Backend = checkpoint.ExchangeKafka, nil
		o.OpenShard = func(string) (state.Backend, error) { return memory.New(), nil }
	}
	if in, err = runtime.New(o); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx) }()
	return in, client.Kill, func() error {
		cancel()
		return <-ended
	}
}

func (p *inProcess) until(in *runtime.Instance, done func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("not done; status %+v; %d outputs", in.Status(), len(p.values()))
		}
	}
}

// consumed says whether everything in the topics is committed.
func (p *inProcess) consumed(topics ...string) func() bool {
	return func() bool {
		committed := p.c.Committed("join")
		for _, topic := range topics {
			for id := range inputPartitions {
				at := txn.Partition{Topic: topic, ID: int32(id)}
				ends, _, err := p.c.Ends(at)
				if err != nil {
					p.t.Fatal(err)
				}
				end := ends.High
				if strings.HasSuffix(topic, "-repartition") {
					end-- // a transaction ends with a marker
				}
				if committed[at].Offset < end {
					return false
				}
			}
		}
		return true
	}
}

// values are the committed outputs, sorted.
func (p *inProcess) values() (all []string) {
	records, err := p.c.Records("out", true)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range records {
		all = append(all, string(r.Value))
	}
	slices.Sort(all)
	return all
}

// visit is a record of both sides.
type visit struct {
	Key string
	At  int64
	ID  int
}

func readVisit(r *stream.Record) (v visit, err error) {
	err = json.Unmarshal(r.Value, &v)
	return v, err
}

const (
	windowSize = 100 // ms
	reach      = 10
)

// meetings joins visits in windows and in intervals, in one stage, and lets on if one is late.
func meetings() *stream.Job {
	job := stream.NewJob("join")
	side := func(topic string) *stream.Keyed[string, visit] {
		in := stream.From(job, stream.Topics(topic), readVisit, stream.Watermarks(0), stream.UID(topic))
		return stream.KeyBy(in, func(v visit) string { return v.Key }, stream.UID("by_key_"+topic), stream.Through[visit](state.JSON[visit]{}))
	}
	left, right := side("left"), side("right")
	codec := state.JSON[visit]{}
	late := stream.NewTag[visit]("late")
	show := func(l, r *visit) string {
		switch {
		case l == nil:
			return fmt.Sprint("-+", r.ID)
		case r == nil:
			return fmt.Sprint(l.ID, "+-")
		}
		return fmt.Sprint(l.ID, "+", r.ID)
	}
	windows := stream.WindowJoin(left, right, stream.Tumbling(windowSize*time.Millisecond), codec, codec, stream.OuterJoin(show), stream.UID("windows"),
		stream.LateLeft(late))
	stream.To(windows, "out", func(p stream.Pane[string, string], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "window %d %s", p.Window.Start, p.Value)
		return nil
	})
	near := stream.IntervalJoin(left, right, -reach*time.Millisecond, reach*time.Millisecond, codec, codec, func(l, r visit) string { return show(&l, &r) },
		stream.UID("near"), stream.LateRight(late))
	stream.To(near, "out", func(v string, out *stream.Output) error {
		out.Value = append(out.Buf(), "near "+v...)
		return nil
	})
	for _, s := range []stream.Stream[visit]{stream.Side(windows, late), stream.Side(near, late)} {
		stream.To(s, "out", func(v visit, out *stream.Output) error {
			out.Value = fmt.Appendf(out.Buf(), "late %d", v.ID)
			return nil
		})
	}
	return job
}

// expectMeetings is what they come to, window by window and pair by pair.
func expectMeetings(left, right []visit) (want []string) {
	type window struct {
		key   string
		start int64
	}
	sides := [2]map[window][]visit{{}, {}}
	for i, side := range [][]visit{left, right} {
		for _, v := range side {
			w := window{v.Key, v.At - v.At%windowSize}
			sides[i][w] = append(sides[i][w], v)
		}
	}
	for w, ls := range sides[0] {
		for _, l := range ls {
			if len(sides[1][w]) == 0 {
				want = append(want, fmt.Sprintf("window %d %d+-", w.start, l.ID))
			}
			for _, r := range sides[1][w] {
				want = append(want, fmt.Sprintf("window %d %d+%d", w.start, l.ID, r.ID))
			}
		}
	}
	for w, rs := range sides[1] {
		for _, r := range rs {
			if len(sides[0][w]) == 0 {
				want = append(want, fmt.Sprintf("window %d -+%d", w.start, r.ID))
			}
		}
	}
	for _, l := range left {
		for _, r := range right {
			if l.Key == r.Key && max(l.At-r.At, r.At-l.At) <= reach {
				want = append(want, fmt.Sprintf("near %d+%d", l.ID, r.ID))
			}
		}
	}
	slices.Sort(want)
	return want
}

// A stage with two exchanges in front of it aligns barriers and combines watermarks over both: whatever one side is ahead by, and however often the
// job goes on from a checkpoint with another parallelism, every pair comes once and nothing is late.
func TestJoinStageAligns(t *testing.T) {
	t.Parallel()
	for _, parallelism := range [][]int{{1, 1, 1}, {2, 2, 2}, {7, 7, 7}, {7, 1, 2}, {0, 0, 0}} {
		name, kafka := fmt.Sprint(parallelism), parallelism[0] == 0
		if kafka { // as many as the topics have partitions
			name = "kafka"
		}
		t.Run(name, func(t *testing.T) {
			p := newInProcess(t, meetings, "left", "right")
			p.kafka = kafka
			f := &feeder{p: p}
			for _, n := range parallelism {
				p.die(max(n, 1), func() { f.feed(60) })
				t.Log(f.id, "visits; all committed:", p.consumed("left", "right")())
			}
			f.at += windowSize
			f.feed(1) // closes all windows but those of these records
			want := slices.DeleteFunc(expectMeetings(f.sides[0], f.sides[1]), func(v string) bool {
				return strings.HasPrefix(v, fmt.Sprintf("window %d ", f.at-f.at%windowSize))
			})
			p.live(2, func() bool { return len(p.values()) >= len(want) && p.consumed("left", "right")() })
			if got := p.values(); !slices.Equal(got, want) {
				t.Fatalf("%d outputs, want %d; first difference: %s", len(got), len(want), firstDifference(got, want))
			}
			t.Log(len(want), "outputs")
		})
	}
}

// feeder writes visits whose times rise within each partition, one side after the other.
type feeder struct {
	p     *inProcess
	sides [2][]visit
	id    int
	at    int64 // of the last ones; 0 would be the time of writing
}

// feed writes n visits to each partition, later ones than before.
func (f *feeder) feed(n int) {
	f.p.t.Helper()
	begin := f.at
	for side, topic := range []string{"left", "right"} {
		for partition := range inputPartitions {
			for i := range n {
				f.at = begin + int64(3*(i+1))
				v := visit{fmt.Sprint("k", (i*7+partition)%23), f.at, f.id}
				b, err := json.Marshal(v)
				if err == nil {
					err = f.p.c.Append(txn.Record{Topic: topic, Partition: int32(partition), Value: b, Timestamp: v.At})
				}
				if err != nil {
					f.p.t.Fatal(err)
				}
				f.sides[side] = append(f.sides[side], v)
				f.id++
			}
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range want {
		if i == len(got) || got[i] != want[i] {
			return fmt.Sprintf("%q instead of %q", append(got, "nothing")[min(i, len(got))], want[i])
		}
	}
	return "more than expected"
}
