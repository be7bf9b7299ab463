package savepoint_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// limits are thresholds, as a config file may have them.
func limits(m map[string]int64) iter.Seq2[savepoint.KV[string, int64], error] {
	return func(yield func(savepoint.KV[string, int64], error) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(savepoint.KV[string, int64]{Key: k, Value: m[k]}, nil) {
				return
			}
		}
	}
}

// made makes a savepoint with thresholds in it.
func made(url string, m map[string]int64) string {
	edit := savepoint.New(128).WithOperator("classify_data", savepoint.Process(state.String{}, limits(m), setThreshold))
	if _, err := edit.Write(context.Background(), url, savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	return url
}

func show(ctx context.Context, url, uid string) {
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	all := map[string]int64{}
	for kv, err := range savepoint.ReadValues(ctx, sp, uid, "thresholdState", state.String{}, state.Int64{}) {
		if err != nil {
			log.Fatal(err)
		}
		all[kv.Key] = kv.Value
	}
	fmt.Println(uid, all)
}

// A savepoint is made from nothing: the function declares its state as the job does, and is called with each record.
func Example() {
	ctx := context.Background()
	edit := savepoint.New(state.DefaultMaxParallelism).WithOperator("classify_data",
		savepoint.Process(state.String{}, limits(map[string]int64{"sensor-1": 30, "sensor-2": 50}),
			func(s *stream.Setup) stream.ProcessFunc[string, int64, struct{}] {
				threshold := stream.ValueState(s, "thresholdState", state.Int64{})
				return func(_ *stream.Context[string, struct{}], limit int64) error { return threshold.Set(limit) }
			}))
	h, err := edit.Write(ctx, "mem://example/made", savepoint.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h.Name, h.Entries(), "entries")
	show(ctx, "mem://example/made", "classify_data")
	// Output:
	// made 2 entries
	// classify_data map[sensor-1:30 sensor-2:50]
}

// A savepoint is read, without the job's code; its states say what they are.
func ExampleLoad() {
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, made("mem://example-load/sp", map[string]int64{"a": 1, "b": 2}))
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	for _, d := range sp.Header().States {
		fmt.Println(d.UID, d.Name, d.Kind, d.KeyCodec, d.ValueCodec)
	}
	v, ok, err := savepoint.Get(ctx, sp, "classify_data", "thresholdState", state.String{}, state.Int64{}, "b")
	fmt.Println(v, ok, err)
	_, _, err = savepoint.Get(ctx, sp, "classify_data", "thresholdState", state.String{}, state.String{}, "b")
	fmt.Println(err)
	// Output:
	// classify_data thresholdState value string int64-be
	// 2 true <nil>
	// state "thresholdState" of operator "classify_data" in mem://example-load/sp: value codec is "int64-be", but it is read as "string"
}

// An Edit makes a new savepoint of an old one, which stays as it is.
func ExampleSavepoint_Edit() {
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, made("mem://example-edit/old", map[string]int64{"a": 1, "b": 2, "tmp-1": 3}))
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	edit := sp.Edit().
		Delete(savepoint.Filter{UID: "classify_data", Name: "thresholdState", Prefix: []byte("tmp-")}).
		RenameUID("classify_data", "label")
	if _, err := edit.Write(ctx, "mem://example-edit/new", savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	show(ctx, "mem://example-edit/old", "classify_data")
	show(ctx, "mem://example-edit/new", "label")
	// Output:
	// classify_data map[a:1 b:2 tmp-1:3]
	// label map[a:1 b:2]
}

// Transform changes the state of an operator key by key, with a function as the job could have it.
func ExampleTransform() {
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, made("mem://example-transform/old", map[string]int64{"a": 1, "b": 20}))
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	tenfold := func(s *stream.Setup) stream.ProcessFunc[string, struct{}, struct{}] {
		threshold := stream.ValueState(s, "thresholdState", state.Int64{})
		return func(_ *stream.Context[string, struct{}], _ struct{}) error {
			v, _, err := threshold.Get()
			if err != nil || v >= 10 {
				return err
			}
			return threshold.Set(10 * v)
		}
	}
	edit := sp.Edit().WithOperator("classify_data", savepoint.Transform(state.String{}, tenfold))
	if _, err := edit.Write(ctx, "mem://example-transform/new", savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	show(ctx, "mem://example-transform/new", "classify_data")
	// Output:
	// classify_data map[a:10 b:20]
}

// WithJob lets operators of a job make their state: here an open window, with the timer that will close it.
func ExampleWithJob() {
	ctx := context.Background()
	history := func(yield func(savepoint.Record[string], error) bool) {
		for i, word := range []string{"a", "a", "b"} {
			if !yield(savepoint.Record[string]{Value: word, Timestamp: int64(1000 * i)}, nil) {
				return
			}
		}
	}
	edit := savepoint.New(128)
	savepoint.WithJob(edit, history, func(s stream.Stream[string]) {
		byWord := stream.KeyBy(s, func(w string) string { return w })
		hours := stream.Tumbling(3600e9)
		stream.WindowReduce(byWord, hours, state.String{}, func(acc, w string) string { return acc + w }, stream.UID("per_hour"))
	})
	if _, err := edit.Write(ctx, "mem://example-job/sp", savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	sp, err := savepoint.Load(ctx, "mem://example-job/sp")
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	due := map[string]int64{}
	for t, err := range savepoint.ReadTimers(ctx, sp, "per_hour", "timers", state.String{}) {
		if err != nil {
			log.Fatal(err)
		}
		due[t.Key] = t.At
	}
	fmt.Println(due)
	// Output:
	// map[a:3599999 b:3599999]
}

// What is encrypted is read with its key, and what is made of it is encrypted, too.
func ExampleUnpack() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	packing := savepoint.Packing{KeyFile: filepath.Join(dir, "key")}
	if err := os.WriteFile(packing.KeyFile, []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	edit := savepoint.New(128).WithOperator("classify_data", savepoint.Process(state.String{}, limits(map[string]int64{"a": 1}), setThreshold))
	if _, err := edit.Write(ctx, "mem://example-unpack/old", savepoint.Options{Packing: packing}); err != nil {
		log.Fatal(err)
	}
	sp, err := savepoint.Unpack(packing).Load(ctx, "mem://example-unpack/old")
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	if _, err := sp.Edit().RenameUID("classify_data", "label").Write(ctx, "mem://example-unpack/new", savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	_, err = savepoint.Load(ctx, "mem://example-unpack/new")
	fmt.Println("without the key it is read:", err == nil)
	// Output:
	// without the key it is read: false
}

// With lays encoded values over a savepoint: what a tool does that has no types.
func ExampleEdit_With() {
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, made("mem://example-with/old", map[string]int64{"a": 1, "b": 2}))
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	d, err := sp.State("classify_data", "thresholdState")
	if err != nil {
		log.Fatal(err)
	}
	edit := sp.Edit().With(func(_ context.Context, w *savepoint.Writer) error {
		s, err := w.State(d)
		if err != nil {
			return err
		}
		if err := s.Delete([]byte("a"), nil); err != nil {
			return err
		}
		nine, err := state.Int64{}.Append(nil, 9)
		if err != nil {
			return err
		}
		return s.Value([]byte("c"), nine)
	})
	if _, err := edit.Write(ctx, "mem://example-with/new", savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	show(ctx, "mem://example-with/new", "classify_data")
	// Output:
	// classify_data map[b:2 c:9]
}
