//go:build integration

package integration

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets no instance outlive a test process that is killed.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
