package jobs

import "github.com/weirstream/weir/stream"

// copyRecords passes records on unchanged: key, value, headers and timestamp, nulls included.
func copyRecords(name string, p Params) (*stream.Job, error) {
	job := stream.NewJob(name)
	records := source(job, &p, stream.Raw)
	stream.To(records, p.Output, stream.AsRecord, stream.UID("kafka_sink"))
	return job, nil
}
