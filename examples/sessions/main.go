// Sessions finds the visits of a web site: page views of a user that are less than 30 minutes apart.
//
//	views ── by user ── WindowAggregate (Session) ── sessions
//	                       └── late-views
//
// What counts is when a page was seen, not when its record arrives: records may be out of order. Time is told by watermarks: in each partition
// views up to a minute older than the newest one are expected (Watermarks). A session is written when event time has passed its last view by 30
// minutes. A view that comes later than that still counts for 10 minutes, and the session is written again, with the same user and
// start or an earlier one (AllowLateness). What is later still goes to late-views (LateTo); without that it would be dropped, and counted.
//
// A partition in which nobody writes would hold event time back for ever, so it is left out after 5 minutes (IdleAfter). A view that can't be read stops the job, as
// it does everywhere by default; the example enrichment has dead letters instead.
//
// Make the topics views, sessions and late-views, then
//
//	WEIR_BROKERS=localhost:9092 go run ./examples/sessions run
//
//	views      {"user":"ann","page":"/","at":"2026-01-31T12:00:00Z"}
//	views      {"user":"ann","page":"/cart","at":"2026-01-31T12:04:00Z"}
//	views      {"user":"bob","page":"/","at":"2026-01-31T12:40:00Z"}
//	sessions   ann: {"user":"ann","start":"2026-01-31T12:00:00Z","end":"2026-01-31T12:04:00Z","views":2,"entry":"/","exit":"/cart"}
package main

import (
	"encoding/json"
	"time"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func main() { weir.Main(newJob()) }

const (
	disorder = time.Minute      // by how much views of a partition are out of order
	pause    = 30 * time.Minute // what ends a session
	lateness = 10 * time.Minute // how long a session can be corrected
	idle     = 5 * time.Minute  // when a partition is no longer waited for
)

// View is a record of the topic views.
type View struct {
	User string    `json:"user"`
	Page string    `json:"page"`
	At   time.Time `json:"at"`
}

// Session is a record of the topic sessions.
type Session struct {
	User  string    `json:"user"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"` // of the last view
	Views int       `json:"views"`
	Entry string    `json:"entry"`
	Exit  string    `json:"exit"`
}

func newJob() *stream.Job {
	job := stream.NewJob("sessions")
	views := stream.From(job, stream.Topics("views"), stream.Values(state.JSON[View]{}), stream.UID("views"),
		stream.TimestampOf(func(v View) int64 { return v.At.UnixMilli() }), stream.Watermarks(disorder), stream.IdleAfter(idle))

	// Through says how views get to the task of their user if that is in another process (WEIR_EXCHANGE=kafka).
	byUser := stream.KeyBy(views, func(v View) string { return v.User },
		stream.UID("by-user"), stream.Through(state.JSON[View]{}))

	late := stream.NewTag[View]("late")
	sessions := stream.WindowAggregate(byUser, stream.Session(pause).AllowLateness(lateness), summary(),
		stream.UID("sessions"), stream.LateTo(late))
	stream.To(sessions, "sessions", writeSession, stream.UID("write-sessions"))
	stream.To(stream.Side(sessions, late), "late-views", stream.AsValue(state.JSON[View]{}), stream.UID("write-late-views"))
	return job
}

// summary folds views into a Session, one by one: the views themselves are not kept.
func summary() stream.Aggregator[View, Session, Session] {
	return stream.Aggregator[View, Session, Session]{
		Codec:  state.JSON[Session]{},
		New:    func() Session { return Session{} },
		Add:    func(s Session, v View) Session { return join(s, Session{v.User, v.At, v.At, 1, v.Page, v.Page}) },
		Merge:  join, // a view between two sessions makes one of them
		Result: func(s Session) Session { return s },
	}
}

// join makes one session of two that can be in any order.
func join(a, b Session) Session {
	if a.Views == 0 {
		return b
	}
	a.Views += b.Views
	if b.Start.Before(a.Start) {
		a.Start, a.Entry = b.Start, b.Entry
	}
	if !b.End.Before(a.End) {
		a.End, a.Exit = b.End, b.Exit
	}
	return a
}

func writeSession(p stream.Pane[string, Session], out *stream.Output) (err error) {
	out.Key = []byte(p.Key)
	out.Value, err = json.Marshal(p.Value)
	return err
}
