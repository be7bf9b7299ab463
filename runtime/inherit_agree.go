package runtime

import (
	"cmp"
	"context"
	"fmt"
)

// checkAgreed refuses to begin a job without a commit point while another instance would begin it with something else. Each one says in the register
// what it starts from before it joins the group and looks here, so one of two that disagree sees the other; and who joins later makes the group
// refuse the first commit point of those before.
func (in *Instance) checkAgreed(ctx context.Context) error {
	if in.single() {
		return nil
	}
	others, err := in.otherMembers(ctx)
	if err != nil || len(others) == 0 {
		return err
	}
	known, err := in.registered(ctx)
	if err != nil {
		return err
	}
	members := map[string]bool{}
	for _, m := range others {
		members[m.InstanceID] = true
	}
	for _, i := range known {
		if members[i.ID] && i.RestoreFrom != in.o.RestoreFrom.shown() {
			return fmt.Errorf("%w: WEIR_RESTORE_FROM is %s here and %s at instance %q: the job has no commit point yet, so all instances have to start from the same. Set it alike, and start them again",
				ErrConfig, cmp.Or(in.o.RestoreFrom.shown(), "not set"), cmp.Or(i.RestoreFrom, "not set"), i.ID)
		}
	}
	return nil
}
