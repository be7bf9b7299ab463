package statesql_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/statesql"
	"github.com/weirstream/weir/state"
)

// orders makes a savepoint of JSON documents, under keys, a map, a list and timers.
func orders(url string) *savepoint.Savepoint {
	ctx := context.Background()
	edit := savepoint.New(4).With(func(_ context.Context, w *savepoint.Writer) error {
		last, err := w.State(state.Descriptor{UID: "orders", Name: "last", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "json"})
		if err != nil {
			return err
		}
		total, err := w.State(state.Descriptor{UID: "orders", Name: "per-day", Kind: state.KindMap, KeyCodec: "string", MapKeyCodec: "int64-be", ValueCodec: "float64-be"})
		if err != nil {
			return err
		}
		for i, user := range []string{"ann", "bob", "eve"} {
			if err := last.Value([]byte(user), fmt.Appendf(nil, `{"amount":%d}`, 10*i)); err != nil {
				return err
			}
			for day := range int64(2) {
				d, _ := state.Int64{}.Append(nil, day)
				v, _ := state.Float64{}.Append(nil, float64(i)+0.5)
				if err := total.MapEntry([]byte(user), d, v); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if _, err := edit.Write(ctx, url, savepoint.Options{}); err != nil {
		log.Fatal(err)
	}
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		log.Fatal(err)
	}
	return sp
}

// States are tables, and JSON is taken apart by SQLite's operators.
func Example() {
	sp := orders("mem://statesql/example")
	defer sp.Close()
	db, err := statesql.Open(context.Background(), sp)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(`SELECT key, value->>'$.amount', (SELECT sum(value) FROM orders_per_day d WHERE d.key = l.key)
		FROM orders_last l WHERE value->>'$.amount' > 0 ORDER BY key`)
	if err != nil {
		log.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var user string
		var amount, sum float64
		if err := found.Scan(&user, &amount, &sum); err != nil {
			log.Fatal(err)
		}
		fmt.Println(user, amount, sum)
	}
	// Output:
	// bob 10 3
	// eve 20 5
}

// Two databases at a time don't meet, and a query that ends early leaves nothing behind.
func TestSideBySide(t *testing.T) {
	a, b := orders("mem://statesql/a"), orders("mem://statesql/b")
	defer a.Close()
	defer b.Close()
	for _, sp := range []*savepoint.Savepoint{a, b} {
		db, err := statesql.Open(t.Context(), sp)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for query, want := range map[string]int{
			`SELECT count(*) FROM orders_last`:                                              3,
			`SELECT count(*) FROM orders_last WHERE key = 'bob'`:                            1,
			`SELECT count(*) FROM orders_last WHERE key = 'nobody'`:                         0,
			`SELECT count(*) FROM orders_last WHERE key = x'626f62'`:                        0, // a blob is no text
			`SELECT count(*) FROM orders_per_day WHERE map_key = 1`:                         3,
			`SELECT count(*) FROM (SELECT * FROM orders_per_day LIMIT 2)`:                   2,
			`SELECT count(*) FROM orders_last a JOIN orders_per_day b USING (key)`:          6,
			`SELECT count(*) FROM states WHERE tbl = 'orders_per_day' AND name = 'per-day'`: 1,
		} {
			var n int
			if err := db.QueryRow(query).Scan(&n); err != nil || n != want {
				t.Errorf("%s: got %d, %v; want %d", query, n, err, want)
			}
		}
		if _, err := db.Exec(`DELETE FROM orders_last`); err == nil {
			t.Error("a state was changed")
		}
		found, err := db.Query(`SELECT * FROM orders_last`)
		if err != nil {
			t.Fatal(err)
		}
		found.Next()
		found.Close()
	}
}
