package stream_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// playTopics feeds "topic: key value" one by one and prints what the job writes; without a value it is null. A value that begins with "5s " has that timestamp.
func playTopics(job *stream.Job, lines ...string) {
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	for i, line := range lines {
		topic, rest, _ := strings.Cut(line, ": ")
		key, value, ok := strings.Cut(rest, " ")
		rec := txn.Record{Key: []byte(key), Offset: int64(i)}
		if ok {
			rec.Value = []byte(value)
		}
		if at, _, timed := strings.Cut(value, "s "); timed {
			seconds, _ := strconv.ParseInt(at, 10, 64)
			rec.Timestamp = seconds * 1000
		}
		if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: topic}, Records: []txn.Record{rec}}); err != nil {
			fmt.Println("error:", err)
			return
		}
		out, err := r.Output()
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		for _, rec := range out {
			switch {
			case rec.Value == nil:
				fmt.Printf("%s: null\n", rec.Key)
			case rec.Key != nil:
				fmt.Printf("%s: %s\n", rec.Key, rec.Value)
			default:
				fmt.Printf("%s\n", rec.Value)
			}
		}
	}
}

// word is a record's key and its value.
type word = stream.KV[string, string]

// keyedWords reads a topic with event time, keyed by the records' keys.
func keyedWords(job *stream.Job, topic string) *stream.Keyed[string, word] {
	in := stream.From(job, stream.Topics(topic), stream.Pairs(state.String{}, state.String{}), stream.Watermarks(0))
	return stream.KeyBy(in, func(w word) string { return w.Key })
}

// Views and clicks of the same user within the same minute, and views of which nothing came.
func ExampleWindowJoin() {
	job := stream.NewJob("views-and-clicks")
	joined := stream.WindowJoin(keyedWords(job, "views"), keyedWords(job, "clicks"), stream.Tumbling(time.Minute), state.JSON[word]{}, state.JSON[word]{},
		stream.LeftJoin(func(view word, click *word) string {
			if click == nil {
				return view.Value + " without a click"
			}
			return view.Value + " and " + click.Value
		}), stream.UID("views_and_clicks"))
	stream.To(joined, "out", func(p stream.Pane[string, string], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s, up to %ds: %s", p.Key, p.Window.End/1000, p.Value)
		return nil
	})
	playTopics(job, "views: ann 3s shoes", "clicks: ann 10s buy", "views: ann 5s hats", "views: bob 50s hats", "views: ann 70s bags", "clicks: ann 70s buy")
	// Output:
	// ann, up to 60s: 3s shoes and 10s buy
	// ann, up to 60s: 5s hats and 10s buy
	// bob, up to 60s: 50s hats without a click
}

// Orders with the payments that come within ten seconds.
func ExampleIntervalJoin() {
	job := stream.NewJob("paid")
	paid := stream.IntervalJoin(keyedWords(job, "orders"), keyedWords(job, "payments"), 0, 10*time.Second, state.JSON[word]{}, state.JSON[word]{},
		func(order, payment word) string { return order.Value + " is paid by " + payment.Value }, stream.UID("paid"))
	stream.To(paid, "out", stream.AsValue(state.String{}))
	playTopics(job, "orders: ann 3s shoes", "payments: bob 5s cash", "payments: ann 9s card", "orders: bob 6s hat", "payments: bob 14s card", "payments: ann 14s card")
	// Output:
	// 3s shoes is paid by 9s card
	// 6s hat is paid by 14s card
}

// Orders with what is known of the customer by then.
func ExampleJoinTable() {
	job := stream.NewJob("enrich")
	text := state.String{}
	customers := stream.Table(job, stream.Topics("customers"), text, text)
	orders := stream.KeyBy(stream.From(job, stream.Topics("orders"), stream.Pairs(text, text)), func(o word) string { return o.Key })
	enriched := stream.JoinTable(orders, customers, text, stream.LeftJoin(func(order word, city *string) string {
		if city == nil {
			return order.Value + " to an unknown customer"
		}
		return order.Value + " to " + *city
	}), stream.UID("enrich"))
	stream.To(enriched, "out", stream.AsValue(text))
	playTopics(job, "orders: ann shoes", "customers: ann Rome", "orders: ann a hat", "customers: ann", "orders: ann gloves")
	// Output:
	// shoes to an unknown customer
	// a hat to Rome
	// gloves to an unknown customer
}

// A table as it is read: null deletes a row. It is keyed already, so it can be counted, or joined, at once.
func ExampleTable() {
	job := stream.NewJob("moves")
	text := state.String{}
	cities := stream.Table(job, stream.Topics("cities"), text, text)
	moves := stream.Process(cities, func(*stream.Setup) stream.ProcessFunc[string, stream.Change[string, string], string] {
		return func(ctx *stream.Context[string, string], c stream.Change[string, string]) error {
			if c.Deleted {
				ctx.Emit(ctx.Key() + " has left")
			} else {
				ctx.Emit(ctx.Key() + " lives in " + c.Value)
			}
			return nil
		}
	}, stream.UID("moves"))
	stream.To(moves, "moves", stream.AsValue(text))
	playTopics(job, "cities: ann Rome", "cities: bob Bonn", "cities: ann Oslo", "cities: bob")
	// Output:
	// ann lives in Rome
	// bob lives in Bonn
	// ann lives in Oslo
	// bob has left
}

// Rows that expire: a price counts for a minute of event time.
func ExampleTableTTL() {
	job := stream.NewJob("prices")
	text := state.String{}
	prices := stream.Table(job, stream.Topics("prices"), text, text, stream.Watermarks(0))
	priced := stream.JoinTable(keyedWords(job, "orders"), prices, text, stream.LeftJoin(func(order word, price *string) string {
		if price == nil {
			return order.Value + ": ask"
		}
		return order.Value + ": " + *price
	}), stream.UID("price"), stream.TableTTL(stream.TTL{After: time.Minute, Domain: stream.EventTime}))
	stream.To(priced, "out", stream.AsValue(text))
	playTopics(job, "prices: shoes 0s $50", "orders: shoes 10s for ann", "prices: hat 70s $20", "orders: shoes 70s for bob", "orders: shoes 71s for cid")
	// Output:
	// 10s for ann: 0s $50
	// 70s for bob: 0s $50
	// 71s for cid: ask
}

// Who is where: the joined table, as the changelog of a compacted topic. A row of which a side is deleted is deleted.
func ExampleJoinTables() {
	job := stream.NewJob("who-is-where")
	text := state.String{}
	names := stream.Table(job, stream.Topics("names"), text, text)
	cities := stream.Table(job, stream.Topics("cities"), text, text)
	people := stream.JoinTables(names, cities, text, text, stream.InnerJoin(func(name, city string) string {
		return name + " in " + city
	}), stream.UID("people"))
	stream.To(people, "people", stream.AsChange(text, text))
	playTopics(job, "names: 1 ann", "cities: 1 Rome", "cities: 1 Oslo", "cities: 2 Bonn", "names: 1", "names: 2 bob")
	// Output:
	// 1: ann in Rome
	// 1: ann in Oslo
	// 1: null
	// 2: bob in Bonn
}

// Both sides may be missing.
func ExampleOuterJoin() {
	job := stream.NewJob("stock")
	text := state.String{}
	show := func(what string, v *string) string {
		if v == nil {
			return "no " + what
		}
		return what + " " + *v
	}
	all := stream.JoinTables(stream.Table(job, stream.Topics("stock"), text, text), stream.Table(job, stream.Topics("price"), text, text), text, text,
		stream.OuterJoin(func(stock, price *string) string { return show("stock", stock) + ", " + show("price", price) }), stream.UID("all"))
	stream.To(all, "all", stream.AsChange(text, text))
	playTopics(job, "price: hat $20", "stock: hat 3", "price: hat", "stock: hat")
	// Output:
	// hat: no stock, price $20
	// hat: stock 3, price $20
	// hat: stock 3, no price
	// hat: null
}

// Every word of a text with how often it has come in another one.
func ExampleAsTable() {
	job := stream.NewJob("familiar")
	text := state.String{}
	lines := func(topic string) *stream.Keyed[string, string] {
		return stream.KeyBy(stream.From(job, stream.Topics(topic), func(r *stream.Record) (string, error) { return string(r.Key), nil }),
			func(w string) string { return w })
	}
	counts := stream.AsTable(stream.Count(lines("old"), stream.UID("count")), func(c stream.KV[string, int64]) (int64, bool) { return c.Value, true })
	familiar := stream.JoinTable(lines("new"), counts, state.Int64{}, stream.InnerJoin(func(w string, n int64) string {
		return fmt.Sprint(w, " came ", n, " times")
	}), stream.UID("familiar"))
	stream.To(familiar, "out", stream.AsValue(text))
	playTopics(job, "old: to", "old: be", "old: to", "new: to", "new: or", "new: be")
	// Output:
	// to came 2 times
	// be came 1 times
}

// Words that are stopped by a list that all tasks get, whatever their keys.
func ExampleBroadcast() {
	job := stream.NewJob("stop-words")
	text := state.String{}
	stop := stream.Broadcast(stream.From(job, stream.Topics("stop"), func(r *stream.Record) (string, error) { return string(r.Key), nil }))
	words := stream.KeyBy(stream.From(job, stream.Topics("words"), func(r *stream.Record) (string, error) { return string(r.Key), nil }),
		func(w string) string { return w })
	passed := stream.ProcessBroadcast(words, stop, func(s *stream.Setup) (stream.ProcessFunc[string, string, string], stream.BroadcastFunc[string]) {
		stopped := stream.BroadcastState(s, "stopped", text, state.Bool{})
		word := func(ctx *stream.Context[string, string], w string) error {
			_, is, err := stopped.Get(w)
			if err == nil && !is {
				ctx.Emit(w)
			}
			return err
		}
		return word, func(ctx *stream.BroadcastContext, w string) error { return stopped.Put(ctx, w, true) }
	}, stream.UID("pass"))
	stream.To(passed, "passed", stream.AsValue(text))
	playTopics(job, "words: the", "words: river", "stop: the", "words: the", "words: weir")
	// Output:
	// the
	// river
	// weir
}

// Payments over limits that change while the job runs.
func ExampleProcessBroadcast() {
	job := stream.NewJob("fraud")
	text, number := state.String{}, decimal{}
	limits := stream.Broadcast(stream.From(job, stream.Topics("limits"), stream.Changes(text, number)))
	payments := stream.KeyBy(stream.From(job, stream.Topics("payments"), stream.Pairs(text, number)),
		func(p stream.KV[string, int64]) string { return p.Key })
	alerts := stream.ProcessBroadcast(payments, limits,
		func(s *stream.Setup) (stream.ProcessFunc[string, stream.KV[string, int64], string], stream.BroadcastFunc[stream.Change[string, int64]]) {
			rules := stream.BroadcastState(s, "limits", text, state.Int64{})
			total := stream.ValueState(s, "total", state.Int64{})
			payment := func(ctx *stream.Context[string, string], p stream.KV[string, int64]) error {
				sum, _, err := total.Get()
				if err != nil {
					return err
				}
				sum += p.Value
				rules.Range(func(name string, limit int64) bool {
					if sum > limit {
						ctx.Emit(fmt.Sprintf("%s has paid %d: %s", p.Key, sum, name))
					}
					return true
				})
				return total.Set(sum)
			}
			limit := func(ctx *stream.BroadcastContext, c stream.Change[string, int64]) error {
				if c.Deleted {
					return rules.Delete(ctx, c.Key)
				}
				return rules.Put(ctx, c.Key, c.Value)
			}
			return payment, limit
		}, stream.UID("alerts"))
	stream.To(alerts, "alerts", stream.AsValue(text))
	playTopics(job, "payments: ann 40", "limits: suspicious 50", "payments: ann 20", "limits: refuse 90", "payments: ann 40", "limits: suspicious", "payments: ann 1")
	// Output:
	// ann has paid 60: suspicious
	// ann has paid 100: refuse
	// ann has paid 100: suspicious
	// ann has paid 101: refuse
}
