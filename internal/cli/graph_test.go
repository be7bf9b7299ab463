package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func TestGraph(t *testing.T) {
	env := []string{"WEIR_JOB=classify", "WEIR_DATA_DIR=" + t.TempDir()}
	for file, args := range map[string][]string{
		"graph.txt":  {"graph"},
		"graph.dot":  {"graph", "--format", "dot"},
		"graph.json": {"graph", "-format=json"},
	} {
		code, out, problems := try(t, Program{}, env, args...)
		if code != ExitOK || problems != "" {
			t.Errorf("%v: exit %d, %s", args, code, problems)
		}
		golden(t, "testdata/"+file, out)
	}
	// Settings can be given by flags, before and after.
	code, out, _ := try(t, Program{}, env, "graph", "--job=copy", "--format=json", "--input-topics=mine")
	var g stream.Graph
	if err := json.Unmarshal([]byte(out), &g); code != ExitOK || err != nil || g.Job != "copy" || g.Operators[0].Reads[0] != "mine" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

func TestGraphOfOwnProgram(t *testing.T) {
	job := stream.NewJob("mine")
	in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}))
	stream.To(in, "out", stream.AsValue(state.String{}))
	code, out, _ := try(t, Program{Jobs: []*stream.Job{job}}, nil, "graph")
	if code != ExitOK || !strings.HasPrefix(out, "job mine\n\nstage 0: a task for each partition\n  source-1 (source)\n") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestGraphProblems(t *testing.T) {
	wrong := stream.NewJob("wrong")
	stream.From(wrong, stream.Topics("in"), stream.Values(state.String{}))
	for want, c := range map[string]struct {
		p    Program
		args []string
	}{
		`--format="svg": expected one of text, dot, json`:            {Program{}, []string{"--job=copy", "--format=svg"}},
		`--format="": expected one of text, dot, json`:               {Program{}, []string{"--job=copy", "--format"}},
		`operator "source-1": nothing consumes its output: end with`: {Program{Jobs: []*stream.Job{wrong}}, nil},
		`WEIR_JOB: not set`: {Program{}, nil},
	} {
		code, _, problems := try(t, c.p, nil, append([]string{"graph"}, c.args...)...)
		if code != ExitSettings || !strings.Contains(problems, want) {
			t.Errorf("%v: exit %d, %q, want %s", c.args, code, problems, want)
		}
	}
}
