// Package stream is the public API: typed building of jobs, and the plan that the runtime executes.
package stream
