// Package jobs holds the built-in jobs.
package jobs
