// Topn finds the three songs that were played most often, for every minute.
//
//	plays ── by song ── WindowAggregate (Tumbling) ── by minute ── Process (a timer) ── charts
//
// It takes two steps. First plays are counted for each song and minute, in as many tasks as there are; then the counts of a minute come together
// in one task, which keeps the best three of them. When event time has passed the minute, all of its counts are there, and
// a timer writes the chart.
//
// A minute is over when a play was seen, in every partition, that is 10 seconds younger (Watermarks). What comes later is dropped, and counted
// (weir_late_records_total); LateTo would keep it.
//
// Make the topics plays and charts, then
//
//	WEIR_BROKERS=localhost:9092 go run ./examples/topn run
//
//	plays    {"song":"Help!","at":"2026-01-31T12:00:07Z"}
//	charts   2026-01-31T12:00:00Z: [{"song":"Help!","plays":120},{"song":"Yesterday","plays":97},{"song":"Hey Jude","plays":12}]
package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func main() { weir.Main(newJob()) }

const (
	best     = 3
	disorder = 10 * time.Second // by how much plays of a partition are out of order
	idle     = time.Minute      // when a partition is no longer waited for
)

// Play is a record of the topic plays.
type Play struct {
	Song string    `json:"song"`
	At   time.Time `json:"at"`
}

// Place is an entry of a chart.
type Place struct {
	Song  string `json:"song"`
	Plays int64  `json:"plays"`
}

// Chart is a record of the topic charts.
type Chart struct {
	Minute time.Time
	Places []Place
}

// count is what a window emits: a song, its minute and its plays.
type count = stream.Pane[string, int64]

func newJob() *stream.Job {
	job := stream.NewJob("topn")
	plays := stream.From(job, stream.Topics("plays"), stream.Values(state.JSON[Play]{}), stream.UID("plays"),
		stream.TimestampOf(func(p Play) int64 { return p.At.UnixMilli() }), stream.Watermarks(disorder), stream.IdleAfter(idle))

	// Through says how records get to a task in another process (WEIR_EXCHANGE=kafka).
	bySong := stream.KeyBy(plays, func(p Play) string { return p.Song },
		stream.UID("by-song"), stream.Through(state.JSON[Play]{}))
	counts := stream.WindowAggregate(bySong, stream.Tumbling(time.Minute), counter(), stream.UID("plays-of-song"))

	byMinute := stream.KeyByCodec(counts, func(c count) int64 { return c.Window.Start }, state.Int64{},
		stream.UID("by-minute"), stream.Through(state.JSON[count]{}))
	charts := stream.Process(byMinute, chart, stream.UID("chart"))
	stream.To(charts, "charts", writeChart, stream.UID("charts"))
	return job
}

// counter counts plays.
func counter() stream.Aggregator[Play, int64, int64] {
	return stream.Aggregator[Play, int64, int64]{
		Codec:  state.Int64{},
		New:    func() int64 { return 0 },
		Add:    func(n int64, _ Play) int64 { return n + 1 },
		Result: func(n int64) int64 { return n },
	}
}

// chart keeps the best songs of each minute, and writes them when the minute is over.
func chart(s *stream.Setup) stream.ProcessFunc[int64, count, Chart] {
	top := stream.ValueState(s, "top", state.JSON[[]Place]{})
	over := stream.OnTimer(s, func(ctx *stream.Context[int64, Chart], _ stream.Timer) error {
		places, _, err := top.Get()
		if err != nil {
			return err
		}
		ctx.Emit(Chart{time.UnixMilli(ctx.Key()).UTC(), places})
		return top.Clear()
	})
	return func(_ *stream.Context[int64, Chart], c count) error {
		places, _, err := top.Get()
		if err != nil {
			return err
		}
		// A timer that is set again is still the same one. It is set to the last millisecond of the window, which event time reaches only when
		// all counts of the window have come.
		if err := over.Set(stream.EventTime, c.Window.End-1); err != nil {
			return err
		}
		return top.Set(insert(places, Place{c.Key, c.Value}))
	}
}

// insert puts a song where it belongs, if that is among the best. Of two with as many plays the first by name is better, so that the order in which
// counts come makes no difference.
func insert(places []Place, p Place) []Place {
	i, _ := slices.BinarySearchFunc(places, p, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Plays, a.Plays), cmp.Compare(a.Song, b.Song))
	})
	places = slices.Insert(slices.Clone(places), i, p)
	return places[:min(len(places), best)]
}

// writeChart keys charts by their minute.
func writeChart(c Chart, out *stream.Output) (err error) {
	out.Key = []byte(c.Minute.Format(time.RFC3339))
	out.Value, err = json.Marshal(c.Places)
	return err
}
