// Package weir turns jobs into programs: exactly-once stream processing for Kafka as one binary.
//
// A job is built with package stream. Main gives it a command line, settings from the environment, logs, metrics, probes and an
// orderly shutdown; the example below is a whole program.
//
// docs/configuration.md lists the settings, docs/operations.md says what to watch and what can go wrong.
package weir
