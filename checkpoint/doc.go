// Package checkpoint keeps what a job needs to go on: deltas, base snapshots and manifests in a store, the recovery plan that a decision record
// leads to, garbage collection, and the alignment of barriers.
package checkpoint
