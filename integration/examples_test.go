//go:build integration

package integration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// exampleVariable is the name of the example that an instance is to be.
const exampleVariable = "INTEGRATION_EXAMPLE"

var exampleBinaries struct {
	once sync.Once
	err  error
}

// exampleBinary builds all examples once.
func exampleBinary(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(scratch, "examples")
	exampleBinaries.once.Do(func() {
		args := []string{"build", "-o", dir + "/"}
		if musl, _ := filepath.Glob("/lib/ld-musl-*"); len(musl) > 0 {
			args = append(args, "-tags", "musl")
		}
		if out, err := exec.Command("go", append(args, "../examples/...")...).CombinedOutput(); err != nil {
			exampleBinaries.err = fmt.Errorf("go %v: %w\n%s", args, err, out)
		}
	})
	must(t, exampleBinaries.err)
	return filepath.Join(dir, name)
}

// example is a program of examples/ with its topics and what it is fed. Their names are its own, so each is fed once.
type example struct {
	*job
	t        *testing.T
	rng      *rand.Rand
	inputs   []string
	outputs  []string
	client   *kgo.Client
	instance *process
	want     []string // all outputs, as show gives them
}

// newExample makes the topics and starts the program. Each topic has two partitions unless it is named among single.
func newExample(t *testing.T, name string, inputs, outputs []string, single ...string) *example {
	t.Helper()
	t.Parallel()
	j := newJob(t, sharedCluster(t), name, 2)
	for _, s := range []string{"WEIR_JOB", "WEIR_INPUT_TOPICS", "WEIR_OUTPUT_TOPIC"} {
		delete(j.env, s)
	}
	j.env[exampleVariable] = name
	for _, topic := range slices.Concat(inputs, outputs) {
		partitions := 2
		if slices.Contains(single, topic) {
			partitions = 1
		}
		must(t, j.cluster.CreateTopic(t.Context(), topic, partitions, nil))
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(j.cluster.Bootstrap()))
	must(t, err)
	t.Cleanup(cl.Close)
	return &example{job: j, t: t, rng: newRand(t), inputs: inputs, outputs: outputs, client: cl, instance: j.run()}
}

// feed writes records and waits until they are processed and committed.
func (e *example) feed(records ...*kgo.Record) {
	e.t.Helper()
	must(e.t, e.client.ProduceSync(e.t.Context(), records...).FirstErr())
	e.settled()
}

// feedAndKill kills the instance while it is at work on the records.
func (e *example) feedAndKill(records ...*kgo.Record) {
	e.t.Helper()
	half := len(records) / 2
	some := e.instance.metric("weir_records_in_total") + float64(1+e.rng.IntN(half))
	must(e.t, e.client.ProduceSync(e.t.Context(), records[:half]...).FirstErr())
	eventually(e.t, patience, "some records read", func() error { return e.instance.atLeast("weir_records_in_total", some) })
	must(e.t, e.client.ProduceSync(e.t.Context(), records[half:]...).FirstErr())
	e.instance.kill()
	e.instance = e.run()
	e.settled()
}

// settled waits until everything that was fed is committed. With the exchange in memory all that follows from it is then written, too.
func (e *example) settled() {
	e.t.Helper()
	eventually(e.t, patience, "all records committed", func() error {
		for _, topic := range e.inputs {
			ends, err := e.admin.openEnds(topic)
			must(e.t, err)
			committed := e.admin.committed(e.id, topic)
			for p, end := range ends {
				if at := committed[p].At; end.high > 0 && at < end.high {
					return fmt.Errorf("%s/%d: %d of %d", topic, p, at, end.high)
				}
			}
		}
		return nil
	})
}

func (e *example) expect(topic, key string, value any) {
	e.t.Helper()
	b, err := json.Marshal(value)
	must(e.t, err)
	e.want = append(e.want, topic+" "+key+" "+string(b))
}

// verdict compares all outputs of the program with the truth.
func (e *example) verdict() {
	e.t.Helper()
	want := slices.Sorted(slices.Values(e.want))
	var got []string
	eventually(e.t, patience, "all outputs", func() error {
		got = nil
		for _, topic := range e.outputs {
			for _, r := range readEnd(e.t, e.job, topic) {
				got = append(got, topic+" "+string(r.Key)+" "+string(r.Value))
			}
		}
		if len(got) < len(want) {
			return fmt.Errorf("%d of %d", len(got), len(want))
		}
		return nil
	})
	slices.Sort(got)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			e.t.Fatalf("%d outputs, want %d; from number %d on\n  got  %q\n  want %q", len(got), len(want), i, rest(got, i), rest(want, i))
		}
	}
	e.t.Logf("%d outputs: right", len(got))
}

func rest(all []string, from int) []string { return all[min(from, len(all)):min(from+3, len(all))] }

// again runs the program on the same input, and more, as another job: two instances that exchange records through Kafka, one of which is killed
// while it is at work. What comes out is beside the outputs of the first job.
func (e *example) again(more func() []*kgo.Record) {
	e.t.Helper()
	e.instance.stop()
	e.id += "-again"
	e.set("JOB_ID="+e.id, "EXCHANGE=kafka")
	e.want = slices.Repeat(e.want, 2)
	f := newFleet(e.job)
	one, two := f.launch("one"), f.launch("two")
	one.ready()
	two.ready()
	records := more()
	half := len(records) / 2
	seen := two.metric("weir_records_in_total")
	must(e.t, e.client.ProduceSync(e.t.Context(), records[:half]...).FirstErr())
	eventually(e.t, patience, "more records read", func() error { return two.atLeast("weir_records_in_total", seen+1) })
	f.kill("two")
	must(e.t, e.client.ProduceSync(e.t.Context(), records[half:]...).FirstErr())
	f.launch("two")
	e.settled()
	e.verdict()
	f.stopAll()
}

func record(topic, key, format string, args ...any) *kgo.Record {
	r := &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, format, args...)}
	if key != "" {
		r.Key = []byte(key)
	}
	return r
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// outOfOrder are n times from noon on within span, in an order that is wrong by less than disorder.
func (e *example) outOfOrder(n int, span, disorder time.Duration) []time.Time {
	type arrival struct{ at, seen time.Time }
	var all []arrival
	for range n {
		at := noon.Add(time.Duration(e.rng.Int64N(int64(span)))).Truncate(time.Millisecond)
		all = append(all, arrival{at, at.Add(time.Duration(e.rng.Int64N(int64(disorder))))})
	}
	slices.SortFunc(all, func(a, b arrival) int { return a.seen.Compare(b.seen) })
	var times []time.Time
	for _, a := range all {
		times = append(times, a.at)
	}
	return times
}

func TestExampleEnrichment(t *testing.T) {
	e := newExample(t, "enrichment", []string{"orders", "customers"}, []string{"enriched-orders", "malformed-orders"})
	type enriched struct {
		ID       string `json:"id"`
		Customer string `json:"customer"`
		Amount   int    `json:"amount"`
		Name     string `json:"name,omitempty"`
		Country  string `json:"country,omitempty"`
	}
	names := map[string]string{}
	customers := func() (records []*kgo.Record) {
		for i := range 30 {
			id := fmt.Sprint("c", i)
			if e.rng.IntN(4) == 0 {
				delete(names, id)
				records = append(records, &kgo.Record{Topic: "customers", Key: []byte(id)})
				continue
			}
			names[id] = fmt.Sprint("name", e.rng.IntN(1e6))
			records = append(records, record("customers", id, `{"name":%q,"country":"NL"}`, names[id]))
		}
		return records
	}
	ids := 0
	orders := func() (records []*kgo.Record) {
		for range 1000 {
			ids++
			o := enriched{ID: fmt.Sprint("o", ids), Customer: fmt.Sprint("c", e.rng.IntN(30)), Amount: e.rng.IntN(100)}
			value := fmt.Sprintf(`{"id":%q,"customer":%q,"amount":%d}`, o.ID, o.Customer, o.Amount)
			if e.rng.IntN(20) == 0 {
				value = fmt.Sprintf(`{"order":%q`, o.ID)
				e.want = append(e.want, "malformed-orders  "+value)
			} else {
				if o.Name = names[o.Customer]; o.Name != "" {
					o.Country = "NL"
				}
				e.expect("enriched-orders", o.Customer, o)
			}
			records = append(records, record("orders", "", "%s", value))
		}
		return records
	}
	e.feed(customers()...)
	e.feedAndKill(orders()...)
	e.feed(customers()...)
	e.feed(orders()...)
	e.verdict()
	e.instance.stop()
}

func TestExampleDedup(t *testing.T) {
	e := newExample(t, "dedup", []string{"transfers"}, []string{"unique-transfers", "malformed-transfers"})
	type transfer struct {
		ID      string `json:"id"`
		Account string `json:"account"`
		Cents   int    `json:"cents"`
	}
	known := map[int]bool{}
	transfers := func(among int) (records []*kgo.Record) {
		for range 1000 {
			n := e.rng.IntN(among)
			v := transfer{fmt.Sprint("t", n), fmt.Sprint("a", n%20), n}
			if !known[n] {
				known[n] = true
				e.expect("unique-transfers", v.Account, v)
			}
			records = append(records, record("transfers", fmt.Sprint(e.rng.IntN(10)), `{"id":%q,"account":%q,"cents":%d}`, v.ID, v.Account, v.Cents))
		}
		return records
	}
	e.feedAndKill(transfers(600)...)
	e.feed(transfers(600)...)
	e.verdict()
	e.again(func() []*kgo.Record { return transfers(1200) })
}

func TestExampleSessions(t *testing.T) {
	e := newExample(t, "sessions", []string{"views"}, []string{"sessions", "late-views"})
	type view struct {
		User string    `json:"user"`
		Page string    `json:"page"`
		At   time.Time `json:"at"`
	}
	type session struct {
		User  string    `json:"user"`
		Start time.Time `json:"start"`
		End   time.Time `json:"end"`
		Views int       `json:"views"`
		Entry string    `json:"entry"`
		Exit  string    `json:"exit"`
	}
	write := func(v view) *kgo.Record {
		b, err := json.Marshal(v)
		must(t, err)
		return record("views", v.User, "%s", b)
	}
	byUser := map[string][]view{}
	var views []*kgo.Record
	for i, at := range e.outOfOrder(2000, 8*time.Hour, time.Minute) {
		v := view{fmt.Sprint("u", e.rng.IntN(60)), fmt.Sprint("/", i), at}
		byUser[v.User] = append(byUser[v.User], v)
		views = append(views, write(v))
	}
	for user, views := range byUser {
		slices.SortFunc(views, func(a, b view) int { return a.At.Compare(b.At) })
		for len(views) > 0 {
			n := 1
			for n < len(views) && views[n].At.Sub(views[n-1].At) <= 30*time.Minute {
				n++
			}
			e.expect("sessions", user, session{user, views[0].At, views[n-1].At, n, views[0].Page, views[n-1].Page})
			views = views[n:]
		}
	}
	e.feedAndKill(views...)
	var next []*kgo.Record // in every partition, so that event time goes on
	for i := range 20 {
		next = append(next, write(view{fmt.Sprint("next", i), "/", noon.Add(12 * time.Hour)}))
	}
	e.feed(next...)
	late := view{"u1", "/late", noon}
	e.expect("late-views", "", late)
	e.feed(write(late))
	e.verdict()
	e.instance.stop()
}

func TestExampleFraud(t *testing.T) {
	e := newExample(t, "fraud", []string{"payments", "rules"}, []string{"alerts", "malformed-payments", "malformed-rules"}, "rules")
	type payment struct {
		ID    string    `json:"id"`
		Card  string    `json:"card"`
		Cents int       `json:"cents"`
		At    time.Time `json:"at"`
	}
	type alert struct {
		Card     string   `json:"card"`
		Rule     string   `json:"rule"`
		Payments []string `json:"payments"`
	}
	rules := map[string][3]int{} // count, cents, minutes
	rule := func(name string, count, cents, minutes int) *kgo.Record {
		rules[name] = [3]int{count, cents, minutes}
		return record("rules", name, `{"count":%d,"cents":%d,"minutes":%d}`, count, cents, minutes)
	}
	cards := map[string][]payment{}
	at, ids := noon, 0
	payments := func() (records []*kgo.Record) {
		for range 800 {
			ids++
			at = at.Add(time.Duration(e.rng.IntN(3000)) * time.Millisecond)
			p := payment{fmt.Sprint("p", ids), fmt.Sprint("c", e.rng.IntN(30)), e.rng.IntN(1000), at}
			cards[p.Card] = append(cards[p.Card], p)
			for name, r := range rules {
				var met []string
				for _, q := range cards[p.Card] {
					if p.Cents >= r[1] && q.Cents >= r[1] && p.At.Sub(q.At) < time.Duration(r[2])*time.Minute {
						met = append(met, q.ID)
					}
				}
				if len(met) >= r[0] {
					e.expect("alerts", p.Card, alert{p.Card, name, met})
				}
			}
			b, err := json.Marshal(p)
			must(t, err)
			records = append(records, record("payments", p.Card, "%s", b))
		}
		return records
	}
	e.feed(rule("large", 1, 900, 1), rule("many", 4, 0, 3))
	e.feedAndKill(payments()...)
	delete(rules, "large")
	e.want = append(e.want, `malformed-rules no {"count":0}`)
	e.feed(&kgo.Record{Topic: "rules", Key: []byte("large")}, rule("many", 2, 500, 2), record("rules", "no", `{"count":0}`))
	e.feed(payments()...)
	e.verdict()
	e.instance.stop()
}

func TestExampleTopn(t *testing.T) {
	e := newExample(t, "topn", []string{"plays"}, []string{"charts"})
	type place struct {
		Song  string `json:"song"`
		Plays int    `json:"plays"`
	}
	counts := map[string]map[string]int{} // by minute and song
	play := func(song string, at time.Time) *kgo.Record {
		minute := at.Truncate(time.Minute).Format(time.RFC3339)
		if counts[minute] == nil {
			counts[minute] = map[string]int{}
		}
		counts[minute][song]++
		return record("plays", song, `{"song":%q,"at":%q}`, song, at.Format(time.RFC3339Nano))
	}
	plays := func(from time.Time) (records []*kgo.Record) {
		for _, at := range e.outOfOrder(2000, 20*time.Minute, 10*time.Second) {
			records = append(records, play(fmt.Sprint("s", e.rng.IntN(15)), at.Add(from.Sub(noon))))
		}
		return records
	}
	// over lets event time go on, in every partition, so that all charts so far are complete.
	over := func(at time.Time) (records []*kgo.Record) {
		for minute, songs := range counts {
			var places []place
			for song, n := range songs {
				places = append(places, place{song, n})
			}
			slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(b.Plays, a.Plays), cmp.Compare(a.Song, b.Song)) })
			e.expect("charts", minute, places[:min(3, len(places))])
		}
		clear(counts)
		for i := range 20 {
			records = append(records, play(fmt.Sprint("next", i), at))
		}
		return records
	}
	e.feedAndKill(plays(noon)...)
	e.feed(over(noon.Add(time.Hour))...)
	e.verdict()
	e.again(func() []*kgo.Record {
		return append(plays(noon.Add(2*time.Hour)), over(noon.Add(4*time.Hour))...)
	})
}
