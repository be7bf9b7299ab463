package jobs

import (
	"strconv"

	"github.com/weirstream/weir/stream"
)

// wordCount counts words: one output per occurrence, keyed by the word, with the count so far ("flink 3").
func wordCount(name string, p Params) (*stream.Job, error) {
	job := stream.NewJob(name)
	lines := source(job, &p, text)
	words := stream.FlatMap(lines, eachWord, stream.UID("split_words"))
	byWord := stream.KeyBy(words, func(word string) string { return word }, stream.UID("by_word"))
	counts := stream.Count(byWord, stream.UID("count_words"))
	stream.To(counts, p.Output, wordAndCount, stream.UID("kafka_sink"))
	return job, nil
}

// text takes a value as it is; eachWord copies what it needs of it.
func text(r *stream.Record) ([]byte, error) { return r.Value, nil }

func wordAndCount(c stream.KV[string, int64], out *stream.Output) error {
	out.Key = append(out.Buf(), c.Key...)
	value := append(append(out.Buf(), c.Key...), ' ')
	out.Value = strconv.AppendInt(value, c.Value, 10)
	return nil
}
