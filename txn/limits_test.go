package txn_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/txn"
)

// The size of a record is that of the batch that it is written in, byte for byte.
func TestRecordSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.SampledFrom([]int{0, 1, 40, 63, 64, 8190, 8191, 8192, 1 << 20, 1<<20 + 1})
		nullable := func(name string) []byte {
			if rapid.Bool().Draw(t, name+" is null") {
				return nil
			}
			return make([]byte, length.Draw(t, name))
		}
		r := txn.Record{Key: nullable("key"), Value: nullable("value")}
		k := kmsg.Record{Key: r.Key, Value: r.Value}
		for range rapid.IntRange(0, 70).Draw(t, "headers") {
			h := txn.Header{Key: string(make([]byte, rapid.IntRange(0, 100).Draw(t, "name"))), Value: nullable("header")}
			r.Headers = append(r.Headers, h)
			k.Headers = append(k.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
		}
		body := len(k.AppendTo(nil)) - 1 // its length of 0 is a byte
		b := kmsg.RecordBatch{Magic: 2, NumRecords: 1, Records: make([]byte, body)}
		want := len(b.AppendTo(nil)) + lengthOf(body)
		if got := r.Size(); got != want {
			t.Fatalf("size %d, want %d", got, want)
		}
		if len(r.Headers) == 0 && r.Size() > len(r.Key)+len(r.Value)+txn.Framing {
			t.Fatalf("size %d is more than key and value and %d", r.Size(), txn.Framing)
		}
	})
}

func lengthOf(n int) int {
	size := 1
	for n = 2 * n; n >= 128; n /= 128 {
		size++
	}
	return size
}
