package stream_test

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func describeSources(job *stream.Job) {
	plan, err := job.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range plan.Stages {
		fmt.Println(s.Source.UID, s.Source.Topics, s.Source.Pattern, s.Source.Start, "bounded:", s.Source.Bounded)
	}
}

// All topics of a kind, also those that are made later.
func ExamplePattern() {
	job := stream.NewJob("all-orders")
	orders := stream.From(job, stream.Pattern("orders-(eu|us).*"), stream.Values(state.String{}), stream.UID("orders"))
	stream.To(orders, "orders", stream.AsValue(state.String{}))
	describeSources(job)
	// Output: orders [] ^(?:orders-(eu|us).*)$ earliest bounded: false
}

// Two sources begin each where it has to.
func ExampleStartAt() {
	job := stream.NewJob("alerts")
	rules := stream.From(job, stream.Topics("rules"), stream.Values(state.String{}), stream.UID("rules"))
	events := stream.From(job, stream.Topics("events"), stream.Values(state.String{}), stream.UID("events"),
		stream.StartAt(stream.Timestamp(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))))
	stream.To(stream.Union(rules, events), "all", stream.AsValue(state.String{}))
	describeSources(job)
	// Output:
	// rules [rules] <nil> earliest bounded: false
	// events [events] <nil> 2026-01-31T12:00:00Z bounded: false
}

// A batch job: it ends where its topic ends when it is first started.
func ExampleBounded() {
	job := stream.NewJob("backfill")
	events := stream.From(job, stream.Topics("events"), stream.Values(state.String{}), stream.UID("events"), stream.Bounded())
	stream.To(events, "copy", stream.AsValue(state.String{}))
	describeSources(job)
	// Output: events [events] <nil> earliest bounded: true
}

// Orders wait, whenever the job starts, until all customers there are have been read.
func ExampleReadFirst() {
	job := stream.NewJob("enrich")
	text := state.String{}
	customers := stream.Table(job, stream.Topics("customers"), text, text, stream.ReadFirst(), stream.UID("customers"))
	orders := stream.KeyBy(stream.From(job, stream.Topics("orders"), stream.Values(text), stream.UID("orders")), func(o string) string { return o })
	both := stream.JoinTable(orders, customers, text, stream.InnerJoin(func(order, city string) string { return order + " to " + city }), stream.UID("both"))
	stream.To(both, "out", stream.AsValue(text))
	plan, err := job.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range plan.Stages {
		if s.Source != nil {
			fmt.Println(s.Source.UID, "first:", s.Source.First)
		}
	}
	// Output:
	// customers first: true
	// orders first: false
}

// Records of any type can get to another process with a codec: without Through the job would be refused with WEIR_EXCHANGE=kafka.
func ExampleThrough() {
	type click struct{ User, Page string }
	job := stream.NewJob("clicks")
	clicks := stream.From(job, stream.Topics("clicks"), stream.Values(state.JSON[click]{}), stream.UID("clicks"))
	byUser := stream.KeyBy(clicks, func(c click) string { return c.User }, stream.UID("by_user"), stream.Through(state.JSON[click]{}))
	byPage := stream.KeyBy(clicks, func(c click) string { return c.Page }, stream.UID("by_page"))
	stream.To(stream.Count(byUser, stream.UID("users")), "users", stream.AsPair(state.String{}, state.Int64{}))
	stream.To(stream.Count(byPage, stream.UID("pages")), "pages", stream.AsPair(state.String{}, state.Int64{}))
	plan, err := job.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range plan.Exchanges {
		fmt.Println(x.UID, "portable:", x.Portable)
	}
	// Output:
	// by_user portable: true
	// by_page portable: false
}

// One partition can be hours ahead in event time when a job catches up; what it opens would fill the state until the others come.
func ExampleAlignWatermarks() {
	job := stream.NewJob("catch-up")
	events := stream.From(job, stream.Topics("events"), stream.Values(state.String{}), stream.UID("events"),
		stream.Watermarks(5*time.Second), stream.IdleAfter(time.Minute), stream.AlignWatermarks(10*time.Minute))
	stream.To(events, "copy", stream.AsValue(state.String{}))
	plan, err := job.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Stages[0].Source.MaxDrift)
	// Output: 10m0s
}

// ParseStart reads settings.
func ExampleParseStart() {
	for _, text := range []string{"latest", "2026-01-31T12:00:00Z", "orders:1=7,orders:0=42", "yesterday"} {
		s, err := stream.ParseStart(text)
		fmt.Println(s, err)
	}
	// Output:
	// latest <nil>
	// 2026-01-31T12:00:00Z <nil>
	// orders:0=42,orders:1=7 <nil>
	// earliest "yesterday": want earliest, latest, committed, a time (2026-01-31T12:00:00Z) or offsets (topic:partition=offset, several separated by commas)
}
