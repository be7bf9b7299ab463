//go:build unix

package demo

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl-C from the worker: the demo decides when it ends.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks for an orderly end.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
