package config

import (
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/internal/nearest"
)

// checkTogether compares settings with each other, with the jobs and with the machine.
func (l *loader) checkTogether() {
	c := l.cfg
	if l.ok("WEIR_CHECKPOINT_INTERVAL", "WEIR_TRANSACTION_TIMEOUT", "WEIR_GUARANTEE") {
		l.checkTransaction()
	}
	if l.ok("WEIR_PARALLELISM", "WEIR_MAX_PARALLELISM") && c.Parallelism > c.MaxParallelism {
		l.fail("WEIR_PARALLELISM", "more than WEIR_MAX_PARALLELISM=%d; expected 1 to %d, because a task needs a key group", c.MaxParallelism, c.MaxParallelism)
	}
	if l.ok("WEIR_RESTART_DELAY", "WEIR_RESTART_MAX_DELAY") && c.RestartMaxDelay < c.RestartDelay {
		l.checkDelays()
	}
	l.checkTopics()
	l.checkWindow()
	l.checkClusters()
	l.checkRestore()
	l.checkFolders()
	l.rememberSettings()
}

// checkTransaction: an epoch's transaction is open for an interval and the commit that follows; a broker that loses patience
// before makes every epoch fail.
func (l *loader) checkTransaction() {
	c := l.cfg
	if !c.ExactlyOnce() || c.TransactionTimeout >= 2*c.CheckpointInterval {
		return
	}
	l.fail("WEIR_CHECKPOINT_INTERVAL", "too long for WEIR_TRANSACTION_TIMEOUT=%s: the broker would abort every epoch; expected at most half of it (%s), or set WEIR_TRANSACTION_TIMEOUT to %s or more",
		c.TransactionTimeout, c.TransactionTimeout/2, 2*c.CheckpointInterval)
}

// checkWindow: a window is as long as it is said to be, and its times are timestamps.
func (l *loader) checkWindow() {
	if d := l.cfg.ClassifyWindow; l.ok("WEIR_CLASSIFY_WINDOW") && d%time.Millisecond != 0 {
		l.fail("WEIR_CLASSIFY_WINDOW", "%s is not in whole milliseconds, as timestamps are; expected such as %s", d, d.Truncate(time.Millisecond)+time.Millisecond)
	}
}

// checkDelays blames the one that was set.
func (l *loader) checkDelays() {
	if l.isSet("WEIR_RESTART_MAX_DELAY") {
		l.fail("WEIR_RESTART_MAX_DELAY", "less than the first wait, WEIR_RESTART_DELAY=%s; expected at least that", l.cfg.RestartDelay)
		return
	}
	l.fail("WEIR_RESTART_DELAY", "more than the longest wait, WEIR_RESTART_MAX_DELAY=%s; expected at most that", l.cfg.RestartMaxDelay)
}

// checkClusters: a repartition topic is written and read in one transaction, so it has to be on the cluster of both.
func (l *loader) checkClusters() {
	c := l.cfg
	switch {
	case c.SinkBrokers == "":
	case c.SinkBrokers == c.Brokers:
		l.fail("WEIR_SINK_BROKERS", "the same as WEIR_BROKERS; expected another cluster. Leave it out if there is one")
	case c.Exchange == "kafka":
		l.fail("WEIR_EXCHANGE", "it needs sources and sinks on one cluster, and WEIR_SINK_BROKERS is set")
	}
}

// checkRestore: what says how to start from a savepoint says nothing without one.
func (l *loader) checkRestore() {
	for _, env := range []string{"WEIR_RESTORE_OFFSETS", "WEIR_ALLOW_DROPPED_STATE"} {
		if l.isSet(env) && l.cfg.RestoreFrom == "" && l.ok("WEIR_RESTORE_FROM") {
			l.fail(env, "has no effect without WEIR_RESTORE_FROM (--from); expected the savepoint to start from with it")
		}
	}
}

func (l *loader) checkTopics() {
	if l.in.Custom {
		for _, env := range []string{"WEIR_INPUT_TOPICS", "WEIR_START_FROM", "WEIR_BOUNDED", "WEIR_OUTPUT_TOPIC", "WEIR_CLASSIFY_WINDOW", "WEIR_BAD_RECORDS", "WEIR_DEAD_LETTER_TOPIC"} {
			if l.isSet(env) {
				l.fail(env, "applies to built-in jobs only; this program's jobs say themselves what they read and write")
			}
		}
		return
	}
	if l.cfg.OutputTopic != "" && l.cfg.SinkBrokers == "" && slices.Contains(l.cfg.InputTopics, l.cfg.OutputTopic) {
		l.fail("WEIR_OUTPUT_TOPIC", "is one of WEIR_INPUT_TOPICS too: the job would read what it writes, forever")
	}
	if l.ok("WEIR_BAD_RECORDS", "WEIR_DEAD_LETTER_TOPIC") {
		l.checkLetters()
	}
}

// checkLetters: a topic without the policy would be ignored, and a policy without the topic has nowhere to write to.
func (l *loader) checkLetters() {
	c := l.cfg
	switch wanted := c.BadRecords == "dead-letter"; {
	case wanted && c.DeadLetterTopic == "":
		l.fail("WEIR_DEAD_LETTER_TOPIC", "not set, with WEIR_BAD_RECORDS=dead-letter; expected the topic for records that cannot be read")
	case !wanted && c.DeadLetterTopic != "":
		l.fail("WEIR_DEAD_LETTER_TOPIC", "has no effect with WEIR_BAD_RECORDS=%s; expected WEIR_BAD_RECORDS=dead-letter with it", c.BadRecords)
	case wanted && slices.Contains(c.InputTopics, c.DeadLetterTopic):
		l.fail("WEIR_DEAD_LETTER_TOPIC", "is one of WEIR_INPUT_TOPICS too: bad records would come again, forever")
	}
}

// chooseJob takes the named job, or the only one.
func (l *loader) chooseJob() {
	c, jobs := l.cfg, l.in.Jobs
	list := strings.Join(jobs, ", ")
	switch {
	case slices.Contains(jobs, c.Job):
	case c.Job == "" && len(jobs) == 1:
		c.Job = jobs[0]
	case c.Job == "":
		l.fail("WEIR_JOB", "not set; expected one of: %s", list)
	case strings.ContainsAny(c.Job, "/\\") || strings.HasSuffix(c.Job, ".yaml") || strings.HasSuffix(c.Job, ".yml"):
		l.fail("WEIR_JOB", "pipeline files are not supported in this version; expected one of: %s", list)
	default:
		l.fail("WEIR_JOB", "no such job; expected one of: %s%s", list, suggestion(nearest.Of(c.Job, jobs)))
	}
	if l.bad["WEIR_JOB"] {
		c.Job = ""
	}
}
