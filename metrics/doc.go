// Package metrics counts what an instance does, as Prometheus metrics with the prefix weir_.
//
// A *Metrics is made once per instance and handed to whoever has something to report. All methods are safe for
// concurrent use, none blocks, and none allocates once a topic or partition has been seen. A nil *Metrics is
// valid and counts nothing, so that tests and libraries need not make one.
//
// Every metric carries the labels job_id and instance_id. They are not called job and instance, because Prometheus gives every
// scraped metric labels of those names and would rename ours to exported_job and exported_instance.
package metrics
