//go:build integration && !linux

package integration

import "os/exec"

// dieWithParent does nothing here: the system has no such thing.
func dieWithParent(*exec.Cmd) {}
