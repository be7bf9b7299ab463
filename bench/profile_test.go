//go:build bench && linux

package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// profileOf is where the profiles of a run go, if they are wanted.
func profileOf(t testing.TB, run string) string {
	t.Helper()
	dir := env("PROFILE")
	if dir == "" {
		return filepath.Join(scratch, run)
	}
	must(t, os.MkdirAll(dir, 0o700))
	path, err := filepath.Abs(filepath.Join(dir, run))
	must(t, err)
	return path
}

// cutProfile parts the CPU profile of a run that is profiled: the rest of it goes to a file of its own, called like the first with .2 behind.
func (p *process) cutProfile() {
	if env("PROFILE") != "" {
		_ = p.cmd.Process.Signal(syscall.SIGUSR1)
	}
}

// showProfile logs where the CPU went. For more: go tool pprof -http=: FOLDER/profiled FILE.
func showProfile(t testing.TB, binary, run string) {
	t.Helper()
	if env("PROFILE") == "" {
		return
	}
	profile := profileOf(t, run) + ".cpu"
	out, err := exec.Command("go", "tool", "pprof", "-top", "-nodecount=40", binary, profile).CombinedOutput()
	if err != nil {
		t.Logf("go tool pprof: %v", err)
	}
	t.Logf("%s\n%s", profile, out)
	b, err := os.ReadFile(binary)
	must(t, err)
	must(t, os.WriteFile(profileOf(t, "profiled"), b, 0o700)) // it has the names
}
