// Fraud looks for suspicious payments by rules that change while it runs.
//
//	payments ── by card ──┐
//	                      ├── ProcessBroadcast ── alerts
//	rules ─── broadcast ──┘
//
// A payment has to meet the earlier ones of its card, so payments are keyed. A rule concerns all cards, so rules are broadcast: every task has all of
// them. A rule is an alert about a number of payments with one card, of at least some amount each, within some minutes: {"count":1,"cents":100000,"minutes":1}
// finds every payment of 1,000.00 or more, {"count":3,"cents":0,"minutes":5} three payments in five minutes.
//
// The topic rules is a table of one partition: a record's key is the rule's name, its value the rule, and null takes the rule away. A payment meets the
// rules that have come by then. A rule that makes no sense goes to malformed-rules, a payment that can't be read to malformed-payments.
//
// Make the topics payments, rules (compacted, one partition), alerts, malformed-rules and malformed-payments, then
//
//	WEIR_BROKERS=localhost:9092 go run ./examples/fraud run
//
//	rules      large: {"count":1,"cents":100000,"minutes":1}
//	payments   {"id":"p1","card":"c7","cents":250000,"at":"2026-01-31T12:00:00Z"}
//	alerts     c7: {"card":"c7","rule":"large","payments":["p1"]}
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func main() { weir.Main(newJob()) }

// Payment is a record of the topic payments.
type Payment struct {
	ID    string    `json:"id"`
	Card  string    `json:"card"`
	Cents int64     `json:"cents"`
	At    time.Time `json:"at"`
}

// Rule is a record of the topic rules.
type Rule struct {
	Count   int   `json:"count"`
	Cents   int64 `json:"cents"`
	Minutes int   `json:"minutes"`
}

// Alert is a record of the topic alerts.
type Alert struct {
	Card     string   `json:"card"`
	Rule     string   `json:"rule"`
	Payments []string `json:"payments"` // those that the rule was met by, the newest one last
}

// longest is the longest time that a rule can look back: so long payments are kept.
const longest = 60 // minutes

func newJob() *stream.Job {
	job := stream.NewJob("fraud")
	payments := stream.From(job, stream.Topics("payments"), readPayment,
		stream.UID("payments"), stream.OnError(stream.DeadLetter("malformed-payments")))
	rules := stream.From(job, stream.Topics("rules"), readRule,
		stream.UID("rules"), stream.OnError(stream.DeadLetter("malformed-rules")))

	// Through says how records get to other processes (WEIR_EXCHANGE=kafka).
	byCard := stream.KeyBy(payments, func(p Payment) string { return p.Card },
		stream.UID("by-card"), stream.Through(state.JSON[Payment]{}))
	everywhere := stream.Broadcast(rules,
		stream.UID("rules-everywhere"), stream.Through[RuleChange](stream.ChangeCodec[string, Rule]{Key: state.String{}, Value: state.JSON[Rule]{}}))

	alerts := stream.ProcessBroadcast(byCard, everywhere, detect, stream.UID("detect"))
	stream.To(alerts, "alerts", writeAlert, stream.UID("alerts"))
	return job
}

func readPayment(r *stream.Record) (p Payment, err error) {
	if err := json.Unmarshal(r.Value, &p); err != nil {
		return p, err
	}
	if p.ID == "" || p.Card == "" {
		return p, errors.New("a payment needs an id and a card")
	}
	return p, nil
}

// RuleChange is a new, changed or deleted rule.
type RuleChange = stream.Change[string, Rule]

var decodeRule = stream.Changes(state.String{}, state.JSON[Rule]{})

// readRule checks rules before they are let in: what fails later, in every task, could only stop the job.
func readRule(r *stream.Record) (RuleChange, error) {
	c, err := decodeRule(r)
	if rule := c.Value; err == nil && !c.Deleted && (rule.Count < 1 || rule.Minutes < 1 || rule.Minutes > longest) {
		err = fmt.Errorf("rule %q: count %d, minutes %d; want a count of 1 or more, and 1 to %d minutes", c.Key, rule.Count, rule.Minutes, longest)
	}
	return c, err
}

// detect declares the states of a task and returns its two functions. Payments read the rules; rules change them, in every task alike.
func detect(s *stream.Setup) (stream.ProcessFunc[string, Payment, Alert], stream.BroadcastFunc[RuleChange]) {
	rules := stream.BroadcastState(s, "rules", state.String{}, state.JSON[Rule]{})
	recent := stream.ListState(s, "recent", state.JSON[Payment]{}, stream.TTL{After: longest * time.Minute})

	payment := func(ctx *stream.Context[string, Alert], p Payment) error {
		if err := recent.Add(p); err != nil {
			return err
		}
		payments, err := recent.Get() // of this card
		if err != nil {
			return err
		}
		rules.Range(func(name string, rule Rule) bool {
			if ids := rule.matches(p, payments); len(ids) >= rule.Count {
				ctx.Emit(Alert{p.Card, name, ids})
			}
			return true // go on with the next rule
		})
		return nil
	}
	rule := func(ctx *stream.BroadcastContext, c RuleChange) error {
		if c.Deleted {
			return rules.Delete(ctx, c.Key)
		}
		return rules.Put(ctx, c.Key, c.Value)
	}
	return payment, rule
}

// matches are the payments that count for the rule when p is made, unless p itself does not.
func (r Rule) matches(p Payment, payments []Payment) (ids []string) {
	since := p.At.Add(-time.Duration(r.Minutes) * time.Minute)
	for _, q := range payments {
		if p.Cents >= r.Cents && q.Cents >= r.Cents && q.At.After(since) && !q.At.After(p.At) {
			ids = append(ids, q.ID)
		}
	}
	return ids
}

// writeAlert keys alerts by card, so that those of a card keep their order.
func writeAlert(a Alert, out *stream.Output) (err error) {
	out.Key = []byte(a.Card)
	out.Value, err = json.Marshal(a)
	return err
}
