package runtime

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

func failing() *Instance {
	return &Instance{
		o:   Options{JobID: "job", InstanceID: "one", Plan: &stream.Plan{Stages: []stream.Stage{{Sinks: []string{"out"}}}}},
		log: slog.New(slog.DiscardHandler), topology: topology{sources: topics{names: []string{"in"}}}, restarts: restarts{policy: DefaultRestartPolicy()},
	}
}

// What fails after the fatal failure, such as the abort, does not hide it.
func TestFirstFatalFailureIsTheReason(t *testing.T) {
	in := failing()
	fence := processFailed(5, ErrRival)
	in.noteFailure(&fence)
	abort := failed(twophase.Abort, 5, &txn.Error{Op: "abort", Class: txn.ClassNewProducer, Err: errors.New("no")})
	in.noteFailure(&abort)
	in.stop(twophase.ReasonFatal)
	if !errors.Is(in.result, ErrRival) || strings.Contains(in.result.Error(), "abort") {
		t.Errorf("ends with %v", in.result)
	}
}

// A fatal failure that the protocol got over is not blamed for a later end.
func TestFatalFailureIsForgottenWithACommit(t *testing.T) {
	in := failing()
	late := processFailed(5, ErrRival)
	in.noteFailure(&late)
	in.committed(6)
	other := processFailed(7, ErrState)
	in.noteFailure(&other)
	in.stop(twophase.ReasonFatal)
	if !errors.Is(in.result, ErrState) || errors.Is(in.result, ErrRival) {
		t.Errorf("ends with %v", in.result)
	}
}

// A missing permission names what it is for, and is a matter of settings.
func TestPermissionIsNamed(t *testing.T) {
	for code, names := range map[string][]string{
		"TOPIC_AUTHORIZATION_FAILED":            {`"in"`, "WEIR_INPUT_TOPICS", `"out"`, "WEIR_OUTPUT_TOPIC"},
		"GROUP_AUTHORIZATION_FAILED":            {`"job"`, "WEIR_JOB_ID"},
		"TRANSACTIONAL_ID_AUTHORIZATION_FAILED": {`"job-one"`, "WEIR_INSTANCE_ID"},
	} {
		in := failing()
		ev := processFailed(1, &txn.Error{Op: "poll", Class: txn.ClassFatal, Code: code, Err: errors.New("refused")})
		in.noteFailure(&ev)
		in.stop(twophase.ReasonFatal)
		if !errors.Is(in.result, ErrConfig) {
			t.Errorf("%s: ends with %v", code, in.result)
		}
		for _, name := range names {
			if !strings.Contains(in.result.Error(), name) {
				t.Errorf("%s: %q is not in %v", code, name, in.result)
			}
		}
	}
}
