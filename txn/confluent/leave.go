package confluent

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

// Leave implements txn.Admin. librdkafka never leaves a group for a static member, and has no call for it, so this
// asks with franz-go (LeaveGroup version 3, KIP-345). A member that is gone already is no error.
func (a *admin) Leave(ctx context.Context, group, instanceID, memberID string) error {
	opts, err := a.client.kgoOptions()
	if err != nil {
		return &txn.Error{Op: string(opLeave), Class: txn.ClassFatal, Code: "_UNSUPPORTED_FEATURE",
			Err: fmt.Errorf("group %q, instance %q: the member stays until its session ends: %w", group, instanceID, err)}
	}
	kc, err := kgo.NewClient(opts...)
	if err != nil {
		return &txn.Error{Op: string(opLeave), Class: txn.ClassFatal, Code: "_INVALID_ARG", Err: err}
	}
	defer kc.Close()
	if err := leave(ctx, kc, group, instanceID, memberID); err != nil {
		return leaveFailed(group, instanceID, a.bootstrap(), err)
	}
	return nil
}

func leave(ctx context.Context, kc *kgo.Client, group, instanceID, memberID string) error {
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = group
	m := kmsg.NewLeaveGroupRequestMember()
	m.InstanceID = &instanceID
	m.MemberID = memberID
	m.Reason = kmsg.StringPtr("weir: shutdown")
	req.Members = append(req.Members, m)
	resp, err := req.RequestWith(ctx, kc)
	if err != nil {
		return err
	}
	err = kerr.ErrorForCode(resp.ErrorCode)
	if err == nil && len(resp.Members) > 0 {
		err = kerr.ErrorForCode(resp.Members[0].ErrorCode)
	}
	if errors.Is(err, kerr.UnknownMemberID) || errors.Is(err, kerr.GroupIDNotFound) {
		return nil
	}
	return err
}

func leaveFailed(group, instanceID, brokers string, err error) error {
	e := &txn.Error{Op: string(opLeave), Class: txn.ClassRetry, Code: "_TRANSPORT",
		Err: fmt.Errorf("group %q, instance %q, bootstrap servers %s: %w", group, instanceID, brokers, err)}
	if k := (*kerr.Error)(nil); errors.As(err, &k) {
		e.Code = k.Message
		if !k.Retriable {
			e.Class = txn.ClassFatal
		}
	}
	return e
}
