package runtime

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
)

// With two clusters every error of a client says which one it comes from.
func TestErrorsNameTheirCluster(t *testing.T) {
	client := memtxn.NewCluster().Client("test")
	n := named{client, "sink cluster"}
	consumer, err := n.NewConsumer(txn.ConsumerConfig{Topics: []string{"t"}, Group: "g"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	producer, err := n.NewProducer(txn.ProducerConfig{TransactionalID: "id", TransactionTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := n.NewAdmin()
	if err != nil {
		t.Fatal(err)
	}
	client.Kill()
	failed := 0
	for _, v := range []reflect.Value{reflect.ValueOf(consumer), reflect.ValueOf(producer), reflect.ValueOf(admin)} {
		for i := range v.NumMethod() {
			name := v.Type().String() + "." + v.Type().Method(i).Name
			err := failure(v.Method(i))
			if err == nil {
				continue
			}
			failed++
			if !strings.HasPrefix(err.Error(), "sink cluster: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if failed < 20 {
		t.Errorf("%d methods failed: is the client alive?", failed)
	}
}

// failure calls f with nothing in its arguments and returns its error.
func failure(f reflect.Value) error {
	var args []reflect.Value
	for i := range f.Type().NumIn() {
		arg := reflect.Zero(f.Type().In(i))
		if arg.Type() == reflect.TypeFor[context.Context]() {
			arg = reflect.ValueOf(context.Background())
		}
		args = append(args, arg)
	}
	out := f.Call(args)
	if len(out) == 0 {
		return nil
	}
	err, _ := out[len(out)-1].Interface().(error)
	return err
}
