package state_test

import (
	"fmt"
	"log"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// setup is what the runtime does for each task.
func setup() (*state.Store, state.Backend) {
	reg, err := state.NewRegistry(nil)
	if err != nil {
		log.Fatal(err)
	}
	backend := memory.New()
	return state.NewStore(backend, reg, state.Options{KeyCodec: "string"}), backend
}

func setKey(s *state.Store, key string) {
	s.SetKey(state.KeyGroup([]byte(key), state.DefaultMaxParallelism), []byte(key))
}

func ExampleValue() {
	s, _ := setup()
	counts, err := state.NewValue(s, "count_words", "count", state.Int64{})
	if err != nil {
		log.Fatal(err)
	}
	for _, word := range []string{"to", "be", "or", "not", "to", "be"} {
		setKey(s, word)
		n, _, err := counts.Get()
		if err != nil {
			log.Fatal(err)
		}
		if err := counts.Set(n + 1); err != nil {
			log.Fatal(err)
		}
		fmt.Println(word, n+1)
	}
	// Output:
	// to 1
	// be 1
	// or 1
	// not 1
	// to 2
	// be 2
}

func ExampleList() {
	s, _ := setup()
	visits, err := state.NewList(s, "track", "visits", state.String{})
	if err != nil {
		log.Fatal(err)
	}
	setKey(s, "alice")
	for _, page := range []string{"/", "/docs", "/docs/state"} {
		if err := visits.Add(page); err != nil {
			log.Fatal(err)
		}
	}
	setKey(s, "bob")
	none, _ := visits.Get()
	setKey(s, "alice")
	all, _ := visits.Get()
	fmt.Println(none, all)
	// Output: [] [/ /docs /docs/state]
}

func ExampleMap() {
	s, _ := setup()
	stock, err := state.NewMap(s, "stock", "by_size", state.Int64{}, state.Float64{})
	if err != nil {
		log.Fatal(err)
	}
	setKey(s, "screws")
	for size, kilos := range map[int64]float64{8: 2.5, 4: 0.5, 12: 7} {
		if err := stock.Put(size, kilos); err != nil {
			log.Fatal(err)
		}
	}
	_ = stock.Delete(8)
	_ = stock.Range(func(size int64, kilos float64) bool {
		fmt.Println(size, kilos)
		return true
	})
	// Output:
	// 4 0.5
	// 12 7
}

func ExampleReducing() {
	s, _ := setup()
	highest, err := state.NewReducing(s, "bids", "highest", state.Int64{}, func(acc, in int64) int64 { return max(acc, in) })
	if err != nil {
		log.Fatal(err)
	}
	setKey(s, "lot 7")
	for _, bid := range []int64{100, 250, 175} {
		top, err := highest.Add(bid)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(top)
	}
	// Output:
	// 100
	// 250
	// 250
}

// An epoch: the task seals it, the backend gets it once it is committed, and the task may then let its cache go.
func ExampleStore_Seal() {
	s, backend := setup()
	total, err := state.NewValue(s, "sum", "total", state.Int64{})
	if err != nil {
		log.Fatal(err)
	}
	for i := range int64(10) {
		setKey(s, "k")
		_ = total.Set(i)
	}
	entries, err := s.Seal(1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("entries:", len(entries), "dirty:", s.Dirty())
	// … the delta is stored, the transaction committed …
	if err := backend.Apply(entries, "checkpoint-1"); err != nil {
		log.Fatal(err)
	}
	s.Applied(1)
	marker, _ := backend.Marker()
	fmt.Println("applied:", marker)
	// Output:
	// entries: 1 dirty: false
	// applied: checkpoint-1
}

// The simple codecs: what they write, and the name that is recorded with the state.
func ExampleCodec() {
	show := func(name string, b []byte, err error) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-10s %x\n", name, b)
	}
	b, err := state.String{}.Append(nil, "word")
	show(state.String{}.Name(), b, err)
	b, err = state.Bytes{}.Append(nil, []byte{1, 2})
	show(state.Bytes{}.Name(), b, err)
	b, err = state.Int64{}.Append(nil, -1)
	show(state.Int64{}.Name(), b, err)
	b, err = state.Int64{}.Append(nil, 1)
	show(state.Int64{}.Name(), b, err)
	b, err = state.Float64{}.Append(nil, 1.5)
	show(state.Float64{}.Name(), b, err)
	b, err = state.Bool{}.Append(nil, true)
	show(state.Bool{}.Name(), b, err)
	// Output:
	// string     776f7264
	// bytes      0102
	// int64-be   7fffffffffffffff
	// int64-be   8000000000000001
	// float64-be bff8000000000000
	// bool       01
}

func ExampleProto() {
	codec := state.Proto[*durationpb.Duration]{}
	b, err := codec.Append(nil, durationpb.New(90*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	d, err := codec.Decode(b)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(codec.Name(), d.AsDuration())
	// Output: proto:google.protobuf.Duration 1m30s
}

func ExampleKeyGroup() {
	group := state.KeyGroup([]byte("flink"), state.DefaultMaxParallelism)
	for _, parallelism := range []int{1, 2, 4} {
		task := state.TaskFor(group, parallelism, state.DefaultMaxParallelism)
		from, to := state.GroupRange(task, parallelism, state.DefaultMaxParallelism)
		fmt.Printf("group %d: task %d of %d, which has %d to %d\n", group, task, parallelism, from, to-1)
	}
	// Output:
	// group 88: task 0 of 1, which has 0 to 127
	// group 88: task 1 of 2, which has 64 to 127
	// group 88: task 2 of 4, which has 64 to 95
}

type order struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
}

func ExampleJSON() {
	codec := state.JSON[order]{}
	b, err := codec.Append(nil, order{Item: "screw", Count: 12})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(b))
	_, err = codec.Decode([]byte("{"))
	fmt.Println(err)
	// Output:
	// {"item":"screw","count":12}
	// codec json can't decode "{": unexpected end of JSON input
}

// A mean is made of a sum and a number.
func ExampleAggregating() {
	type total struct{ Sum, N int64 }
	s, _ := setup()
	mean, err := state.NewAggregating(s, "ratings", "mean", state.JSON[total]{}, state.Aggregation[int64, total, float64]{
		New:    func() total { return total{} },
		Add:    func(acc total, stars int64) total { return total{acc.Sum + stars, acc.N + 1} },
		Result: func(acc total) float64 { return float64(acc.Sum) / float64(acc.N) },
	})
	if err != nil {
		log.Fatal(err)
	}
	setKey(s, "café")
	for _, stars := range []int64{5, 2} {
		if err := mean.Add(stars); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(mean.Get())
	// Output: 3.5 true <nil>
}
