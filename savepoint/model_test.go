package savepoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

var stores atomic.Int64

// newURL is a place where there is nothing yet.
func newURL() string { return fmt.Sprintf("mem://savepoint-test-%d/sp", stores.Add(1)) }

// described are states of all kinds.
func described() []state.Descriptor {
	return []state.Descriptor{
		{UID: "a", Name: "value", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"},
		{UID: "a", Name: "value.ttl", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"},
		{UID: "a", Name: "list", Kind: state.KindList, KeyCodec: "string", ValueCodec: "json"},
		{UID: "b", Name: "map", Kind: state.KindMap, KeyCodec: "int64-be", MapKeyCodec: "float64-be", ValueCodec: "bytes"},
		{UID: "b", Name: "timers", Kind: state.KindTimer, KeyCodec: "int64-be", ValueCodec: "none"},
		{UID: "b", Name: "rules", Kind: state.KindBroadcast, MapKeyCodec: "string", ValueCodec: "proto:x.Y"},
		{UID: "c", Name: "windows", Kind: state.KindMap, KeyCodec: "bool", MapKeyCodec: "window", ValueCodec: "counted:string"},
		{UID: "d", Name: "sessions", Kind: state.KindValue, KeyCodec: "float64-be", ValueCodec: "sessions:int64-be"},
		{UID: "d", Name: "left", Kind: state.KindMap, KeyCodec: "mine", MapKeyCodec: "int64-be", ValueCodec: "held:json"},
		{UID: "d", Name: "known", Kind: state.KindValue, KeyCodec: "bytes", ValueCodec: "sessions:nothing"},
	}
}

// model is what a savepoint should hold: for each state its entries; of lists the elements.
type model struct {
	entries map[string]map[string]string // state → key, suffix → value
	lists   map[string][]string          // key → elements
}

func newModel() *model {
	return &model{entries: map[string]map[string]string{}, lists: map[string][]string{}}
}

func stateOf(d state.Descriptor) string { return d.UID + "/" + d.Name }

func (m *model) set(d state.Descriptor, key, suffix, value string) {
	if m.entries[stateOf(d)] == nil {
		m.entries[stateOf(d)] = map[string]string{}
	}
	m.entries[stateOf(d)][fmt.Sprintf("%q %q", key, suffix)] = value
}

func (m *model) delete(d state.Descriptor, key, suffix string) {
	delete(m.entries[stateOf(d)], fmt.Sprintf("%q %q", key, suffix))
}

// flat is all of it, comparable.
func (m *model) flat() (all []string) {
	for s, entries := range m.entries {
		for k, v := range entries {
			all = append(all, fmt.Sprintf("%s %s = %q", s, k, v))
		}
	}
	for k, elements := range m.lists {
		if len(elements) > 0 {
			all = append(all, fmt.Sprintf("list %q = %q", k, elements))
		}
	}
	slices.Sort(all)
	return all
}

// read is what a savepoint does hold.
func read(t testing.TB, url string) *model {
	t.Helper()
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	if err := sp.Verify(ctx, nil); err != nil {
		t.Fatal(err)
	}
	m := newModel()
	for e, err := range sp.Entries(ctx, savepoint.Filter{}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case e.State.Kind != state.KindList:
			m.set(*e.State, string(e.Key), string(e.Suffix), string(e.Value))
		}
	}
	if _, err := sp.State("a", "list"); err != nil {
		return m
	}
	for kv, err := range savepoint.ReadLists(ctx, sp, "a", "list", state.String{}, jsonBytes{}) {
		if err != nil {
			t.Fatal(err)
		}
		m.lists[kv.Key] = kv.Value
	}
	return m
}

type jsonBytes struct{}

func (jsonBytes) Name() string                                { return "json" }
func (jsonBytes) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }
func (jsonBytes) Decode(b []byte) (string, error)             { return string(b), nil }

// part draws something that a codec could have written.
func part(t *rapid.T, codec string) []byte {
	switch codec {
	case "string":
		return []byte(rapid.StringN(0, 4, 8).Draw(t, "string"))
	case "int64-be":
		b, _ := state.Int64{}.Append(nil, rapid.Int64().Draw(t, "int"))
		return b
	case "float64-be":
		b, _ := state.Float64{}.Append(nil, rapid.Float64().Draw(t, "float"))
		return b
	case "bool":
		b, _ := state.Bool{}.Append(nil, rapid.Bool().Draw(t, "bool"))
		return b
	case "json":
		return []byte(rapid.SampledFrom([]string{`null`, `1`, `"a\nb"`, `{"base64":"eA=="}`, `{"a":[1,2]}`, `"base64:x"`}).Draw(t, "json"))
	case "window":
		return rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "window")
	case "sessions:int64-be":
		b, _ := operators.SessionsCodec[int64]{Acc: state.Int64{}}.Append(nil, drawSessions(t, rapid.Int64()))
		return b
	case "sessions:nothing":
		b, _ := operators.SessionsCodec[operators.Nothing]{Acc: operators.NothingCodec{}}.Append(nil, drawSessions(t, rapid.Just(operators.Nothing{})))
		return b
	case "held:json":
		b, _ := operators.HeldCodec[string]{Of: jsonBytes{}}.Append(nil, rapid.SliceOfN(rapid.SampledFrom([]string{`null`, `{"a":"}"}`, `0`}), 0, 3).Draw(t, "held"))
		return b
	case "counted:string":
		return append([]byte{byte(rapid.IntRange(0, 9).Draw(t, "n"))}, rapid.StringN(0, 3, 6).Draw(t, "acc")...)
	}
	return rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "bytes")
}

func drawSessions[A any](t *rapid.T, acc *rapid.Generator[A]) (all []operators.Session[A]) {
	for range rapid.IntRange(0, 2).Draw(t, "sessions") {
		w := operators.Window{Start: rapid.Int64().Draw(t, "start"), End: rapid.Int64().Draw(t, "end")}
		all = append(all, operators.Session[A]{Window: w, Acc: acc.Draw(t, "acc")})
	}
	return all
}

// change draws a change of a state, for the model and for the Writer.
func change(t *rapid.T, m *model, all []state.Descriptor) func(w *savepoint.Writer) error {
	d := rapid.SampledFrom(all).Draw(t, "state")
	key := part(t, d.KeyCodec)
	if rapid.Bool().Draw(t, "short") && d.KeyCodec == "string" { // so that keys meet
		key = []byte(rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "key"))
	}
	unset := rapid.IntRange(0, 4).Draw(t, "delete") == 0
	var suffix, value []byte
	switch d.Kind {
	case state.KindMap, state.KindBroadcast:
		suffix, value = part(t, d.MapKeyCodec), part(t, d.ValueCodec)
	case state.KindTimer:
		suffix = savepoint.AppendTimer(nil, state.Domain(rapid.IntRange(0, 1).Draw(t, "domain")), rapid.Int64().Draw(t, "at"), part(t, "window")[:rapid.SampledFrom([]int{0, 3, 16}).Draw(t, "ns")])
	default:
		value = part(t, d.ValueCodec)
	}
	if d.Kind == state.KindBroadcast {
		key = nil
	}
	return func(w *savepoint.Writer) error {
		s, err := w.State(d)
		if err != nil {
			return err
		}
		if d.Name == "value" { // its stamp goes
			m.delete(described()[1], string(key), string(suffix))
		}
		switch {
		case d.Kind == state.KindList && unset:
			m.lists[string(key)] = nil
			return s.Delete(key, nil)
		case unset:
			m.delete(d, string(key), string(suffix))
			return s.Delete(key, suffix)
		case d.Kind == state.KindList:
			m.lists[string(key)] = append(m.lists[string(key)], string(value))
			return s.Element(key, value)
		}
		m.set(d, string(key), string(suffix), string(value))
		switch d.Kind {
		case state.KindMap:
			return s.MapEntry(key, suffix, value)
		case state.KindBroadcast:
			return s.Broadcast(suffix, value)
		case state.KindTimer:
			domain, at, ns, err := savepoint.SplitTimer(suffix)
			if err != nil {
				return err
			}
			return s.Timer(key, domain, at, ns)
		}
		return s.Value(key, value)
	}
}

// What is laid over a savepoint, in whatever order and with however little memory, is what a map would hold.
func TestEditModel(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel()
		states := described()
		memory := rapid.SampledFrom([]int{400, 1 << 20, 1 << 20, 1 << 20}).Draw(rt, "memory")
		edit := savepoint.New(rapid.IntRange(1, 5).Draw(rt, "groups"))
		var last *savepoint.Savepoint
		for round := range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			if round > 0 {
				alter(rt, m, edit, &states)
			}
			changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) func(*savepoint.Writer) error { return change(t, m, states) }), 0, 40).Draw(rt, "changes")
			edit.With(func(_ context.Context, w *savepoint.Writer) error {
				for _, d := range described() { // in this order: a value's stamp comes behind it
					if _, err := w.State(d); err != nil {
						return err
					}
				}
				old := maps.Clone(m.lists)
				m.lists = map[string][]string{}
				for i, c := range changes {
					if err := c(w); err != nil {
						return err
					}
					if err := w.Mark(fmt.Sprint(i + 1)); err != nil {
						return err
					}
				}
				for k, v := range old {
					if _, ok := m.lists[k]; !ok {
						m.lists[k] = v
					}
				}
				return nil
			})
			url := newURL()
			if _, err := edit.Write(ctx, url, savepoint.Options{Memory: memory}); err != nil {
				rt.Fatal(err)
			}
			if got, want := read(t, url).flat(), m.flat(); !slices.Equal(got, want) {
				rt.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			again(rt, t, url, m)
			if last != nil {
				last.Close()
			}
			var err error
			if last, err = savepoint.Load(ctx, url); err != nil {
				rt.Fatal(err)
			}
			edit = last.Edit()
		}
		last.Close()
	})
}

// alter removes something from an old savepoint.
func alter(t *rapid.T, m *model, edit *savepoint.Edit, states *[]state.Descriptor) {
	switch rapid.IntRange(0, 3).Draw(t, "alter") {
	case 0:
		if m.entries["c/windows"] != nil {
			edit.WithoutOperator("c")
			delete(m.entries, "c/windows")
		}
	case 1:
		if len(m.entries["a/value"]) > 0 {
			edit.Delete(savepoint.Filter{UID: "a", Name: "value", Prefix: []byte("x")})
			for _, s := range []string{"a/value", "a/value.ttl"} {
				maps.DeleteFunc(m.entries[s], func(k, _ string) bool { return strings.HasPrefix(k, `"x`) })
			}
		}
	}
}

// again writes what a savepoint shows as rows into another one, which must be the same.
func again(rt *rapid.T, t testing.TB, url string, m *model) {
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		rt.Fatal(err)
	}
	defer sp.Close()
	asCSV := rapid.Bool().Draw(rt, "csv")
	var b bytes.Buffer
	out := rows.NewJSONLines(&b)
	if asCSV {
		if out, err = rows.NewCSV(&b, nil); err != nil {
			rt.Fatal(err)
		}
	}
	for e, err := range sp.Entries(ctx, savepoint.Filter{}) {
		if err == nil {
			err = out.Write(&e)
		}
		if err != nil {
			rt.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		rt.Fatal(err)
	}
	shown := b.String()
	edit := savepoint.New(sp.Header().MaxParallelism).With(func(_ context.Context, w *savepoint.Writer) error {
		return put(w, sp.Header().States, strings.NewReader(shown), asCSV)
	})
	copied := newURL()
	if _, err := edit.Write(ctx, copied, savepoint.Options{}); err != nil {
		rt.Fatalf("%v\n%s", err, shown)
	}
	if got, want := read(t, copied).flat(), m.flat(); !slices.Equal(got, want) {
		rt.Fatalf("after %s\ngot\n%s\nwant\n%s", shown, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func put(w *savepoint.Writer, states []state.Descriptor, in io.ReadSeeker, asCSV bool) error {
	encoders := map[string]*rows.Encoder{}
	for _, d := range states {
		s, err := w.State(d)
		if err != nil {
			return err
		}
		if encoders[stateOf(d)], err = rows.NewEncoder(s, nil, nil); err != nil {
			return err
		}
	}
	r, err := rows.NewJSONReader(in, "")
	if asCSV {
		r, err = rows.NewCSVReader(in, "")
	}
	for err == nil {
		var row rows.Row
		if row, err = r.Next(); err == nil {
			uid, name := row[rows.UID].String(), row[rows.Name].String()
			err = encoders[uid+"/"+name].Put(row)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// lines are all rows of a savepoint as JSON, sorted.
func lines(t testing.TB, url string) []string {
	t.Helper()
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	var b bytes.Buffer
	out := rows.NewJSONLines(&b)
	for e, err := range sp.Entries(ctx, savepoint.Filter{}) {
		if err == nil {
			err = out.Write(&e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSpace(b.String()), "\n")
	slices.Sort(all)
	return all
}
