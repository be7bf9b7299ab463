package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/config"
)

const savepointUsage = `Usage: %s savepoint <what> [flags] [settings]

  create            of the running job, by its API (WEIR_HTTP_ADDR, WEIR_API_TOKEN), or of the stopped one
    --name=NAME     its folder in the job's checkpoint store; without a name, the time
    --to=URL        its folder anywhere else, such as file:///backup/before-upgrade
    --stop          stop the job: its last commit is the savepoint's
    --drain         with --stop: let all timers and windows fire first
    --offline       of the checkpoint that the store notes as the last one, without asking the brokers
  list              the job's savepoints in its checkpoint store
  inspect WHICH     what a savepoint holds
  verify WHICH      read every byte of it
  delete WHICH

WHICH is a URL, or the name of one of the job's own, which needs the job's settings.
--json prints JSON. Settings are those of run: %[1]s help.
`

// savepointArgs are the flags of the command's own.
type savepointArgs struct {
	which                      string
	name, to                   string
	stop, drain, offline, json bool
	settings                   []string
}

// savepoint takes, shows and removes savepoints.
func (a *app) savepoint(ctx context.Context, args []string) int {
	actions := map[string]func(context.Context, savepointArgs) error{
		"create": a.createSavepoint, "list": a.listSavepoints, "inspect": a.inspectSavepoint, "verify": a.verifySavepoint, "delete": a.deleteSavepoint,
	}
	if len(args) == 0 || actions[args[0]] == nil || slices.ContainsFunc(args, isHelp) {
		fmt.Fprintf(a.err, savepointUsage, a.name)
		if len(args) > 0 && slices.ContainsFunc(args, isHelp) {
			return ExitOK
		}
		return ExitSettings
	}
	o, err := parseSavepoint(args[0], args[1:])
	if err == nil {
		err = actions[args[0]](ctx, o)
	}
	return a.savepointExit(err)
}

// errShown: what is wrong has been printed already.
var errShown = errors.New("settings are wrong")

func (a *app) savepointExit(err error) int {
	var corrupt *checkpoint.CorruptError
	var newer *checkpoint.VersionError
	switch {
	case errors.Is(err, errShown):
		return ExitSettings
	case err != nil:
		fmt.Fprintf(a.err, "%s: %v\n", a.name, err)
	}
	switch {
	case errors.As(err, &corrupt), errors.As(err, &newer), errors.Is(err, store.ErrNotExist):
		return ExitState
	case errors.Is(err, errUsage):
		return ExitSettings
	}
	return exitCode(err)
}

var errUsage = errors.New("savepoint -h lists what can be asked")

// parseSavepoint takes the command's own flags out of the arguments; all others are settings.
func parseSavepoint(what string, args []string) (o savepointArgs, err error) {
	if what != "create" && what != "list" {
		if len(args) == 0 || strings.HasPrefix(args[0], "-") {
			return o, fmt.Errorf("savepoint %s: which one? Expected a URL or the name of one of the job's own; %w", what, errUsage)
		}
		o.which, args = args[0], args[1:]
	}
	switches := map[string]*bool{"json": &o.json}
	values := map[string]*string{}
	if what == "create" {
		maps.Copy(switches, map[string]*bool{"stop": &o.stop, "drain": &o.drain, "offline": &o.offline})
		values["name"], values["to"] = &o.name, &o.to
	}
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(args[i], "-"), "-"), "=")
		switch {
		case !strings.HasPrefix(args[i], "-"):
			o.settings = append(o.settings, args[i])
		case switches[name] != nil && !given:
			*switches[name] = true
		case values[name] != nil && given:
			*values[name] = value
		case values[name] != nil && i+1 < len(args):
			i++
			*values[name] = args[i]
		default:
			o.settings = append(o.settings, args[i])
			if !given && switches[name] == nil && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // the value of a setting
				o.settings = append(o.settings, args[i])
			}
		}
	}
	return o, nil
}

// loaded reads the settings, and says what is wrong with them.
func (a *app) loaded(o savepointArgs) (*config.Config, error) {
	c, err := a.load(o.settings)
	if err != nil {
		return nil, errShown
	}
	return c, nil
}

// find opens the store of the savepoint that is meant. A URL needs no settings but the key, if there is one.
func (a *app) find(o savepointArgs, open func(url string) (checkpoint.Store, error)) (s checkpoint.Store, path string, err error) {
	storeURL, keyFile := "", a.variable("WEIR_CHECKPOINT_ENCRYPTION_KEY_FILE")
	if strings.Contains(o.which, "://") {
		if storeURL, path, err = snapshot.Locate(o.which); err != nil {
			return nil, "", fmt.Errorf("%w; %w", err, errUsage)
		}
	} else {
		c, err := a.loaded(o)
		if err != nil {
			return nil, "", err
		}
		storeURL, keyFile, path = c.CheckpointStore, c.CheckpointEncryptionKeyFile, snapshot.Path(c.JobID, o.which)
	}
	if s, err = open(storeURL); err != nil {
		return nil, "", err
	}
	s, err = packed(s, checkpoint.Packing{KeyFile: keyFile, Plain: true})
	return s, path, err
}

// variable is an environment variable, for commands that need no other setting.
func (a *app) variable(name string) (value string) {
	for _, v := range a.env {
		if text, ok := strings.CutPrefix(v, name+"="); ok {
			value = text
		}
	}
	return value
}

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
