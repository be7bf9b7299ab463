// Enrichment joins a stream with a table: every order gets the name and country of its customer.
//
//	orders ──── by customer ──┐
//	   │                      ├── JoinTable ── enriched-orders
//	   │        customers ────┘
//	   └── malformed-orders
//
// The topic customers is a table: a record's key is the id of the row, its value the row, and null deletes it. Let the topic be
// compacted, and Kafka keeps no more than the table. An order meets the customer as it is when the order is processed; one whose customer is
// not known passes on without (LeftJoin; InnerJoin would drop it). When the job starts, orders wait until the table has been read (ReadFirst).
//
// An order that can't be read goes to malformed-orders as it came, with headers that say what is wrong and where it was, in the same transaction as
// all that is written: none is lost, and none comes twice.
//
// Make the topics orders, customers, enriched-orders and malformed-orders, then
//
//	WEIR_BROKERS=localhost:9092 go run ./examples/enrichment run
//
//	customers         ann: {"name":"Ann","country":"NL"}
//	orders            {"id":"o1","customer":"ann","amount":30}
//	enriched-orders   ann: {"id":"o1","customer":"ann","amount":30,"name":"Ann","country":"NL"}
package main

import (
	"encoding/json"
	"errors"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func main() { weir.Main(newJob()) }

// Order is a record of the topic orders.
type Order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"` // the key of a row of customers
	Amount   int64  `json:"amount"`
}

// Customer is a row of the table.
type Customer struct {
	Name    string `json:"name"`
	Country string `json:"country"`
}

// Enriched is an order with what is known about its customer.
type Enriched struct {
	Order
	Name    string `json:"name,omitempty"`
	Country string `json:"country,omitempty"`
}

func newJob() *stream.Job {
	job := stream.NewJob("enrichment")

	// Whatever fails in readOrder is a dead letter. Without OnError it would stop the job.
	orders := stream.From(job, stream.Topics("orders"), readOrder,
		stream.UID("orders"), stream.OnError(stream.DeadLetter("malformed-orders")))

	// An order has to come to the task that has the row of its customer. Through says how it gets there if that is in another
	// process (WEIR_EXCHANGE=kafka).
	byCustomer := stream.KeyBy(orders, func(o Order) string { return o.Customer },
		stream.UID("orders-by-customer"), stream.Through(state.JSON[Order]{}))

	customers := stream.Table(job, stream.Topics("customers"), state.String{}, state.JSON[Customer]{},
		stream.UID("customers"), stream.ReadFirst())

	enriched := stream.JoinTable(byCustomer, customers, state.JSON[Customer]{}, stream.LeftJoin(enrich), stream.UID("enrich"))
	stream.To(enriched, "enriched-orders", writeEnriched, stream.UID("enriched-orders"))
	return job
}

// readOrder decodes an order and checks it, so that everything behind it can rely on that.
func readOrder(r *stream.Record) (o Order, err error) {
	if err := json.Unmarshal(r.Value, &o); err != nil {
		return o, err
	}
	if o.ID == "" || o.Customer == "" {
		return o, errors.New("an order needs an id and a customer")
	}
	return o, nil
}

// enrich gets nil if the table has no such customer.
func enrich(o Order, c *Customer) Enriched {
	e := Enriched{Order: o}
	if c != nil {
		e.Name, e.Country = c.Name, c.Country
	}
	return e
}

// writeEnriched keys orders by customer, so that those of a customer keep their order in the topic.
func writeEnriched(e Enriched, out *stream.Output) (err error) {
	out.Key = []byte(e.Customer)
	out.Value, err = json.Marshal(e)
	return err
}
