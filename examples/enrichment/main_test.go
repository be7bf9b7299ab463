package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

func order(id, customer string) weirtest.Record {
	return weirtest.Value(fmt.Sprintf(`{"id":%q,"customer":%q,"amount":30}`, id, customer))
}

func customer(id, name string) weirtest.Record {
	return weirtest.Pair(id, fmt.Sprintf(`{"name":%q,"country":"NL"}`, name))
}

func values(records []weirtest.Record) (all []string) {
	for _, r := range records {
		all = append(all, string(r.Key)+": "+string(r.Value))
	}
	return all
}

func TestOrdersMeetTheCustomerOfTheMoment(t *testing.T) {
	t.Run("memory", func(t *testing.T) { ordersMeetTheCustomerOfTheMoment(t, weirtest.New(t, newJob)) })
	t.Run("kafka", func(t *testing.T) {
		ordersMeetTheCustomerOfTheMoment(t, weirtest.New(t, newJob, weirtest.ThroughKafka(1)))
	})
}

func ordersMeetTheCustomerOfTheMoment(t *testing.T, h *weirtest.Harness) {
	t.Helper()
	// Between two topics there is no order: commit what has to come first.
	h.Send("orders", order("o1", "ann"))
	h.Commit()
	h.Send("customers", customer("ann", "Ann"), customer("bob", "Bob"))
	h.Commit()
	h.Send("orders", order("o2", "ann"))
	h.Commit()
	h.Send("customers", customer("ann", "Anna"), weirtest.Record{Key: []byte("bob")}) // bob's row is deleted
	h.Commit()
	h.Send("orders", order("o3", "ann"), order("o4", "bob"))
	h.Commit()

	want := []string{
		`ann: {"id":"o1","customer":"ann","amount":30}`,
		`ann: {"id":"o2","customer":"ann","amount":30,"name":"Ann","country":"NL"}`,
		`ann: {"id":"o3","customer":"ann","amount":30,"name":"Anna","country":"NL"}`,
		`bob: {"id":"o4","customer":"bob","amount":30}`,
	}
	got := values(h.Outputs("enriched-orders"))
	slices.Sort(got) // those of a customer are in order; between two of them there is none
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	rows := weirtest.State(h, "enrich", "table", state.String{}, state.JSON[Customer]{})
	if len(rows) != 1 || rows["ann"] != (Customer{"Anna", "NL"}) {
		t.Errorf("the table is %v", rows)
	}
}

func TestMalformedOrdersAreDeadLetters(t *testing.T) {
	h := weirtest.New(t, newJob)
	h.Send("orders", weirtest.Value("not JSON"), order("", "ann"), order("o1", "ann"))
	h.Commit()
	if n := len(h.Outputs("enriched-orders")); n != 1 {
		t.Errorf("%d orders, want 1", n)
	}
	want := []string{": not JSON", `: {"id":"","customer":"ann","amount":30}`}
	letters := h.Outputs("malformed-orders")
	if got := values(letters); !slices.Equal(got, want) {
		t.Fatalf("dead letters %q, want %q", got, want)
	}
	cause := slices.IndexFunc(letters[1].Headers, func(h stream.Header) bool { return h.Key == stream.HeaderCause })
	if cause < 0 || string(letters[1].Headers[cause].Value) != "an order needs an id and a customer" {
		t.Errorf("headers %q", letters[1].Headers)
	}
}

func TestEnrichmentSurvivesCrashes(t *testing.T) {
	input := weirtest.On("customers", customer("ann", "Ann"))
	input = append(input, weirtest.On("orders", order("o1", "ann"), weirtest.Value("not JSON"))...)
	input = append(input, weirtest.On("customers", customer("ann", "Anna"))...)
	input = append(input, weirtest.On("orders", order("o2", "ann"))...)
	weirtest.CrashEverywhere(t, newJob, input, weirtest.Epochs(len(input))) // one record in each, so that their order is certain
}
