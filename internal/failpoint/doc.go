// Package failpoint lets tests injure a running binary at a named step of the protocol.
//
// Only a build with the tag "failpoints" has them; in any other the calls vanish. The variable FAILPOINTS arms
// points of the process: "commit-before:3=kill,store=error-abort" kills it with SIGKILL before its third commit
// and lets its first store operation fail.
package failpoint
