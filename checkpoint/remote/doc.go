// Package remote is what checkpoint stores on a network have in common: URLs, and the patience with a server that is slow or away.
//
// # URLs
//
// A URL holds no secret, so that it can stand in manifests, logs and errors: credentials come from the environment, from files that a
// parameter names, or from the machine's own identity. ParseURL refuses user names, passwords and parameters that the scheme does not
// have. Redact is for text that may be any of that, and has to be shown all the same.
//
// # Patience
//
// Every call has a deadline (Policy.Timeout): of the whole call if it is short, of each step of it if it moves data, since a large file
// may take as long as it needs while it moves. What may pass is tried again after a pause that doubles, within the same deadline. After that the call
// fails, and with it the checkpoint; the epoch is done again.
package remote
