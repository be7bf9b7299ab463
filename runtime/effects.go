package runtime

import (
	"context"
	"time"

	"github.com/weirstream/weir/twophase"
)

// do carries out one effect. Slow ones run on their own goroutine, on values taken here in the loop, and answer with an event.
func (in *Instance) do(e twophase.Effect) {
	switch e.Op {
	case twophase.Fence:
		in.doFence()
	case twophase.ReadDecision:
		in.doReadDecision()
	case twophase.Publish:
		in.doPublish(e.Epoch)
	case twophase.Restore:
		in.doRestore()
	case twophase.Begin:
		in.doBegin(e.Epoch)
	case twophase.InjectBarrier:
		in.doInjectBarrier(e.Epoch)
	case twophase.Store:
		in.doStore(e.Epoch)
	case twophase.Flush:
		in.doFlush(e.Epoch)
	case twophase.SendOffsets:
		in.doSendOffsets(e.Epoch)
	case twophase.Commit:
		in.doCommit(e.Epoch)
	case twophase.Abort:
		in.doAbort(e.Epoch)
	case twophase.Release:
		in.doRelease()
	case twophase.Stop:
		in.stop(e.Reason)
	}
}

// async runs an effect and answers with kind, or with Failed.
func (in *Instance) async(e twophase.Effect, kind twophase.EventKind, timeout time.Duration, f func(ctx context.Context) error) {
	go func() {
		ctx, cancel := context.WithTimeout(in.ctx, timeout)
		defer cancel()
		started := time.Now()
		err := f(ctx)
		if err != nil {
			in.post(failed(e.Op, e.Epoch, err))
			return
		}
		if name := phaseName(e.Op); name != "" {
			in.m.Phase(name, time.Since(started))
		}
		in.post(answer(kind, e.Epoch))
	}()
}

// phaseName is the metric's name of an effect.
func phaseName(op twophase.Op) string {
	switch op {
	case twophase.Store:
		return "store"
	case twophase.Flush:
		return "flush"
	case twophase.SendOffsets:
		return "send_offsets"
	case twophase.Commit:
		return "commit"
	}
	return ""
}
