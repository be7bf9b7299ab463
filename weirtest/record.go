package weirtest

import "github.com/weirstream/weir/txn"

// Record is a Kafka record, sent or received.
type Record = txn.Record

// Value is a record with a value and no key.
func Value(value string) Record { return Record{Value: []byte(value)} }

// Pair is a record with key and value.
func Pair(key, value string) Record { return Record{Key: []byte(key), Value: []byte(value)} }

// Values are records without keys.
func Values(values ...string) []Record {
	var records []Record
	for _, v := range values {
		records = append(records, Value(v))
	}
	return records
}

// On puts records on a topic: the input of CrashEverywhere. Inputs of several topics can be appended to each other.
func On(topic string, records ...Record) []Record {
	var out []Record
	for _, r := range records {
		r.Topic, r.Partition = topic, txn.AnyPartition
		out = append(out, r)
	}
	return out
}
