package weirtest

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// savepointOf is of a job that has counted a twice and b once.
func savepointOf(t *testing.T, opts ...Option) (url string) {
	t.Helper()
	url = "file://" + t.TempDir() + "/savepoint"
	h := New(t, counts, opts...)
	h.Send("in", Values("a", "b", "a")...)
	h.Commit()
	h.Savepoint(url)
	return url
}

// starts runs a job from its start until it stands, and returns why it ended, if it did.
func starts(t *testing.T, job func() *stream.Job, opts ...Option) (err error) {
	t.Helper()
	s := newSettings(opts)
	s.scratch = filepath.Join(t.TempDir(), "scratch")
	synctest.Test(t, func(t *testing.T) {
		w, failed := newWorld(job, s)
		if failed != nil {
			t.Fatal(failed)
		}
		if err = errors.Join(w.start(), w.settle(true)); err == nil {
			err = w.stop()
		}
		_ = w.kill(Kept)
	})
	return err
}

// counting is counts with other names.
func counting(topic, uid string) func() *stream.Job {
	return func() *stream.Job {
		job := stream.NewJob("counts")
		words := stream.From(job, stream.Topics(topic), stream.Values(state.String{}), stream.UID("source"))
		total := stream.Count(stream.KeyBy(words, same, stream.UID("by_word")), stream.UID(uid))
		stream.To(total, "out", stream.AsPair(state.String{}, state.Int64{}), stream.UID("sink"))
		return job
	}
}

// texts keeps the count as text, in a state of another kind.
func texts(migrate bool) func() *stream.Job {
	return func() *stream.Job {
		job := stream.NewJob("counts")
		words := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
		total := stream.Process(stream.KeyBy(words, same, stream.UID("by_word")), func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
			n := stream.ValueState(s, "count", state.String{})
			return func(ctx *stream.Context[string, string], w string) error {
				was, _, err := n.Get()
				if err != nil {
					return err
				}
				ctx.Emit(w + was)
				return n.Set(was + "|")
			}
		}, stream.UID("count"))
		stream.To(total, "out", stream.AsValue(state.String{}), stream.UID("sink"))
		if migrate {
			stream.Migrate(job, "count", "count", state.Int64{}, state.String{}, func(n int64) (string, error) { return strings.Repeat("|", int(n)), nil })
		}
		return job
	}
}

func TestStartFromRefuses(t *testing.T) {
	url := savepointOf(t, Partitions(2))
	for name, c := range map[string]struct {
		job  func() *stream.Job
		opts []Option
		want []string // in the error
	}{
		"a state that no operator has": {counting("in", "totals"), []Option{Partitions(2)},
			[]string{`no operator of the job has state "count" of operator "count"`, "WEIR_ALLOW_DROPPED_STATE"}},
		"another codec and kind": {texts(false), []Option{Partitions(2)},
			[]string{`of state "count" of operator "count" is another one`, "value codec int64-be", "value codec string", "stream.Migrate"}},
		"a partition that is gone":     {counts, nil, []string{`topic "in" partition 1, which does not exist`, "WEIR_RESTORE_OFFSETS"}},
		"a topic that nobody reads":    {counting("other", "count"), []Option{Partitions(2)}, []string{`topic "in", which no source of the job reads`}},
		"an offset that is not there":  {counts, []Option{Partitions(2), RestoreOffsets(stream.Offsets(at("in", 0, 77)))}, []string{"offset 77 of topic \"in\" partition 0"}},
		"committed offsets":            {counts, []Option{Partitions(2), RestoreOffsets(stream.Committed())}, []string{"committed offsets belong to another state"}},
		"no such savepoint":            {counts, []Option{StartFrom("file://" + t.TempDir() + "/none"), withoutTopics()}, []string{"there is none", "WEIR_RESTORE_FROM"}},
		"one of many shards":           {counts, []Option{StartFrom("file:///x/job/shard/0/manifest/run-000000000001"), withoutTopics()}, []string{"take a savepoint"}},
		"a checkpoint that is missing": {counts, []Option{StartFrom("file://" + t.TempDir() + "/counts/manifest/run-000000000001"), withoutTopics()}, []string{"can't be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := starts(t, c.job, append([]Option{StartFrom(url)}, c.opts...)...)
			if err == nil || !errors.Is(err, runtime.ErrState) && !errors.Is(err, runtime.ErrConfig) {
				t.Fatalf("it has started, or failed otherwise: %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nwant %s", err, want)
				}
			}
		})
	}
}

func at(topic string, partition int32, offset int64) map[stream.Partition]int64 {
	return map[stream.Partition]int64{{Topic: topic, ID: partition}: offset}
}

// withoutTopics leaves topics as they are: what is started from can't be opened.
func withoutTopics() Option { return func(s *settings) { s.asIs = true } }

func TestStartFromPasses(t *testing.T) {
	url := savepointOf(t, Partitions(2))
	for name, c := range map[string]struct {
		job  func() *stream.Job
		opts []Option
		want map[string]int64 // state, after another a
	}{
		"dropped state":             {counting("in", "totals"), []Option{Partitions(2), AllowDroppedState()}, map[string]int64{"a": 1}},
		"more partitions":           {counts, []Option{Partitions(5)}, map[string]int64{"a": 3, "b": 1}},
		"fewer, begun anew":         {counts, []Option{RestoreOffsets(stream.Earliest())}, map[string]int64{"a": 3, "b": 1}},
		"fewer, some offsets given": {counts, []Option{RestoreOffsets(stream.Offsets(at("in", 0, 2)))}, map[string]int64{"a": 3, "b": 1}},
		"latest":                    {counts, []Option{Partitions(2), RestoreOffsets(stream.Latest())}, map[string]int64{"a": 3, "b": 1}},
		"a time":                    {counts, []Option{Partitions(2), RestoreOffsets(stream.Timestamp(time.Unix(0, 0)))}, map[string]int64{"a": 3, "b": 1}},
		"more tasks":                {counts, []Option{Partitions(2), Parallelism(3)}, map[string]int64{"a": 3, "b": 1}},
		"one key group":             {counts, []Option{Partitions(2), MaxParallelism(1)}, map[string]int64{"a": 3, "b": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			h := New(t, c.job, append([]Option{StartFrom(url)}, c.opts...)...)
			h.Run() // it starts before there is more to read
			h.Send("in", Value("a"))
			h.Commit()
			uid := "count"
			if name == "dropped state" {
				uid = "totals"
			}
			if got := State(h, uid, "count", state.String{}, state.Int64{}); !maps.Equal(got, c.want) {
				t.Errorf("state %v, want %v", got, c.want)
			}
		})
	}
}

// A bounded job that starts from a savepoint ends where its topics end then.
func TestStartFromBounded(t *testing.T) {
	job := func() *stream.Job {
		job := stream.NewJob("counts")
		words := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"), stream.Bounded())
		stream.Count(stream.KeyBy(words, same, stream.UID("by_word")), stream.UID("count"))
		return job
	}
	h := New(t, job, StartFrom(savepointOf(t)))
	h.Send("in", Values("a", "c")...)
	h.Commit()
	h.Send("in", Value("a"))
	h.Commit()
	wantState(t, h, map[string]int64{"a": 3, "b": 1, "c": 1})
}

// The values of an earlier version are converted, once; the next restart finds those of today.
func TestMigrate(t *testing.T) {
	url := savepointOf(t)
	h := New(t, texts(true), StartFrom(url))
	h.Send("in", Values("a", "b")...)
	h.Commit()
	h.Crash(Lost)
	h.Send("in", Value("a"))
	h.Commit()
	var got []string
	for _, r := range h.Outputs("out") {
		got = append(got, string(r.Value))
	}
	if s := strings.Join(got, " "); s != "a|| b| a|||" {
		t.Errorf("outputs %q", s)
	}
}

// A job that fails to convert a value does not start, and names it.
func TestMigrateFails(t *testing.T) {
	url := savepointOf(t)
	for name, convert := range map[string]func(int64) (string, error){
		"an error": func(int64) (string, error) { return "", errors.New("no") },
		"a panic":  func(int64) (string, error) { panic("no") },
	} {
		job := func() *stream.Job {
			j := texts(false)()
			stream.Migrate(j, "count", "count", state.Int64{}, state.String{}, convert)
			return j
		}
		err := starts(t, job, StartFrom(url))
		if !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), `Migrate of state "count" of operator "count": key "`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An instance that is asked to end while it starts from a savepoint does so, in good order, and the next one starts from it again.
func TestStartFromStopped(t *testing.T) {
	url := savepointOf(t)
	synctest.Test(t, func(t *testing.T) {
		w, err := newWorld(counts, newSettings([]Option{StartFrom(url)}))
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := errors.Join(w.start(), w.stop()); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.send(On("in", Value("a"))), w.settle(true)); err != nil {
			t.Fatal(err)
		}
		c, err := w.committedState()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = c.each(func(state.Descriptor, []byte, []byte, []byte) error { n++; return nil })
		if err != nil || n != 2 {
			t.Errorf("%d words, %v", n, err)
		}
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

// A savepoint that was made from nothing has state and no positions: sources begin where they say.
func TestStartFromMadeOfNothing(t *testing.T) {
	ctx := t.Context()
	taken, err := snapshot.OpenURL(ctx, savepointOf(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := "file://" + t.TempDir()
	store, err := checkpoint.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	out, err := snapshot.Create(ctx, store, "made", snapshot.Header{MaxParallelism: 16, States: taken.Header().States})
	if err != nil {
		t.Fatal(err)
	}
	p := out.Part(0)
	value, _ := state.Int64{}.Append(nil, 41)
	key := []byte("a")
	err = p.Add(state.Entry{Key: state.AppendKey(nil, state.KeyGroup(key, 16), taken.Header().States[0].ID, key), Value: value})
	if err = errors.Join(err, p.Close(), taken.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string][]Option{"memory": nil, "kafka": {ThroughKafka(2)}} {
		t.Run(name, func(t *testing.T) {
			h := New(t, counts, append(opts, StartFrom(dir+"/made"))...)
			h.Send("in", Values("a", "b")...)
			h.Commit()
			wantState(t, h, map[string]int64{"a": 42, "b": 1})
		})
	}
}
