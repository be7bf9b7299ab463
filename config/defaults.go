package config

import (
	"path/filepath"
	"runtime"
	"time"
)

// fillDefaults sets what depends on the machine or on other settings.
func (l *loader) fillDefaults() {
	l.chooseJob()
	c := l.cfg
	if c.JobID == "" && l.ok("WEIR_JOB_ID") && c.Job != "" {
		l.defaultID("WEIR_JOB_ID", &c.JobID, c.Job, "the job's name")
	}
	if c.InstanceID == "" && l.ok("WEIR_INSTANCE_ID") {
		host, err := l.in.Hostname()
		if err != nil {
			l.fail("WEIR_INSTANCE_ID", "not set, and the host name cannot be read: %v", err)
		} else {
			l.defaultID("WEIR_INSTANCE_ID", &c.InstanceID, host, "the host name")
		}
	}
	if c.TransactionTimeout == 0 {
		c.TransactionTimeout = max(10*time.Second, 5*c.CheckpointInterval)
	}
	if c.Parallelism == 0 && c.MaxParallelism > 0 {
		c.Parallelism = min(runtime.GOMAXPROCS(0), c.MaxParallelism)
	}
	if c.LogFormat == "" {
		c.LogFormat = "json"
		if l.in.Terminal {
			c.LogFormat = "text"
		}
	}
	l.defaultFolders()
}

// defaultID takes an id from elsewhere, if it can be one.
func (l *loader) defaultID(env string, id *string, text, what string) {
	if _, err := parseID(Spec{}, text); err != nil {
		l.fail(env, "not set, and %s %q cannot stand in for it; expected %s", what, text, kinds["id"].want)
		return
	}
	*id = text
}

func (l *loader) defaultFolders() {
	c := l.cfg
	if c.DataDir == "" {
		c.DataDir = l.defaultDataDir()
	}
	if c.StateDir == "" {
		c.StateDir = filepath.Join(c.DataDir, "state", c.JobID)
	}
	if c.CheckpointStore == "" {
		c.CheckpointStore = "file://" + filepath.ToSlash(filepath.Join(c.DataDir, "checkpoints"))
	}
}

// defaultDataDir is /var/lib/weir where it can be written, else the user's state folder by the XDG specification.
func (l *loader) defaultDataDir() string {
	const system = "/var/lib/weir"
	if writable(system) == nil {
		return system
	}
	if dir := l.env["XDG_STATE_HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "weir")
	}
	if home := l.env["HOME"]; filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "weir")
	}
	return system // the check of folders will say that it cannot be written
}
