package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// RestoreFrom says what a job without a commit point starts from: a savepoint, or a checkpoint of another job. One that has a commit point goes on
// from that. The zero value starts from nothing.
//
// The first commit point is made before any record is processed, of all shards and all positions, in one transaction: a job has either all of the savepoint
// or nothing of it. Several instances leave that to one of them, and wait. Who dies on the way leaves files that nobody names; the next start begins anew.
type RestoreFrom struct {
	// URL is that of the savepoint, or <store>/<job>/manifest/<id> for a checkpoint; empty: start from nothing. It is only read.
	URL string
	// AllowDropped lets go of states that no operator of the job has, and of positions in topics that it does not read or that are gone: of an operator's (uid), of one
	// (uid/name of the state, uid/topic), or of all (DropAll).
	AllowDropped []string
	// Offsets says where sources begin instead of where the savepoint stands; nil: there. Offsets of single partitions leave the others there.
	// Event time begins anew with it.
	Offsets func() (stream.Start, error)
	// Scratch is a folder for this instance alone, in which state is sorted if the savepoint has another number of key groups.
	Scratch string
	// OpenStore opens the store that the savepoint is in; nil: checkpoint.ReadStore, which creates nothing.
	OpenStore func(url string) (checkpoint.Store, error)
}

// shown is the URL without what stands behind a question mark, for logs and files.
func (r RestoreFrom) shown() string {
	url, _, _ := strings.Cut(r.URL, "?")
	return url
}

// leaderPoll is how often an instance looks whether another one has made the first commit point.
const leaderPoll = 250 * time.Millisecond

// errGivenUp ends a start from a savepoint when the partitions go away or the instance ends: no failure.
var errGivenUp = errors.New("given up")

// beginning is the look for a commit point, and the making of the first one, at the start of a job that is to start from a savepoint, or where one of many instances
// has to choose for all: what the latest records are, or where bounded input ends.
type beginning struct {
	in       *Instance
	from     RestoreFrom
	ctx      context.Context // ends when the partitions go away
	work     work
	all      []txn.Partition // of the job, whoever owns them
	producer txn.Producer
	meta     txn.GroupMetadata
	begun    bool // a transaction
}

// begin prepares the look; nil: there is nothing to look for. The result is to be run beside the loop.
func (in *Instance) begin() func() error {
	chosen := !in.single() && in.anySource(func(s *stream.SourceSpec) bool { return s.Bounded || s.Start.Kind() == stream.StartLatest })
	if in.o.RestoreFrom.URL == "" && !chosen || in.hasBegun.Load() {
		return nil
	}
	ctx, cancel := context.WithCancel(in.ctx)
	in.giveUp = cancel
	b := &beginning{
		in: in, from: in.o.RestoreFrom, ctx: ctx, work: in.work, all: in.topology.partitions(in.work.counts), producer: in.producer, meta: in.meta,
	}
	return func() error {
		defer cancel()
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			select {
			case <-in.leave:
				cancel()
			case <-stop:
			}
		}()
		return b.run()
	}
}

// failed is what the protocol hears. Whatever has become of the transaction, only a new producer ends it for sure.
func (b *beginning) failed(err error) error {
	switch {
	case err == nil:
		return nil
	case b.ctx.Err() != nil && !isFatal(err):
		err = errGivenUp
	}
	return &beginError{err, b.begun}
}

type beginError struct {
	err   error
	begun bool
}

func (e *beginError) Error() string { return e.err.Error() }
func (e *beginError) Unwrap() error { return e.err }

// beginFailure tells the protocol that the look has failed.
func beginFailure(err error) event {
	ev := failed(twophase.ReadDecision, 0, err)
	var b *beginError
	if errors.As(err, &b) && b.begun && (ev.Cause == twophase.Abortable || ev.Cause == twophase.OutcomeUnknown) {
		ev.Cause = twophase.ProducerDead
	}
	if errors.Is(err, errGivenUp) {
		ev.err = nil // nothing to count or to tell
	}
	return ev
}

// run returns when the job has a commit point.
func (b *beginning) run() error {
	for waited := false; ; waited = true {
		exists, found, err := b.look()
		switch {
		case err != nil:
			return b.failed(err)
		case exists:
			b.in.hasBegun.Store(true)
			if !waited && b.from.URL != "" {
				b.in.log.Info("the job has a commit point and goes on from it; WEIR_RESTORE_FROM is not used", "savepoint", b.from.shown())
			}
			return nil
		case b.leads():
			if err := b.inherit(found); err != nil {
				return b.failed(fmt.Errorf("start from %s: %w", b.what(), err))
			}
			b.in.hasBegun.Store(true)
			return nil
		case !waited:
			b.in.log.Info("waiting for the instance that makes the job's first commit point", "owner_of", b.leader(), "start_from", b.what())
		}
		select {
		case <-time.After(leaderPoll):
		case <-b.ctx.Done():
			return b.failed(errGivenUp)
		}
	}
}

// what the job starts from.
func (b *beginning) what() string {
	if b.from.URL == "" {
		return "where the sources say (WEIR_START_FROM, WEIR_BOUNDED)"
	}
	return b.from.shown() + " (WEIR_RESTORE_FROM)"
}

// look says whether anything of ours is committed for any partition of the job. found are the positions that people have given the group.
func (b *beginning) look() (exists bool, found map[txn.Partition]txn.Position, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, b.in.o.StartTimeout)
	defer cancel()
	found, err = b.in.decisions.read(ctx, b.all)
	if err != nil {
		return false, nil, err
	}
	ended := false
	for p, pos := range found {
		m, ours, err := checkpoint.DecodeMetadata(pos.Metadata)
		if err != nil {
			return false, nil, fmt.Errorf("%w: the committed offset of %s/%d: %w", ErrState, p.Topic, p.ID, err)
		}
		ended = ended || m.Drained == wholeInput
		if exists = exists || ours; ours {
			if err := b.in.checkEnds(p, m); err != nil {
				return false, nil, err
			}
		}
	}
	if ended {
		err = b.in.checkDropped(ctx, found)
	}
	return exists, found, err
}

// checkEnds refuses to bound a source of a job that has been running without ends: each of many instances would choose them for itself.
func (in *Instance) checkEnds(p txn.Partition, m checkpoint.Metadata) error {
	s := in.sourceReading(p.Topic)
	if in.single() || m.End != nil || s == nil || !s.Bounded {
		return nil
	}
	return fmt.Errorf("%w: source %q is bounded (WEIR_BOUNDED), and the job has been running without: with WEIR_EXCHANGE=kafka ends are chosen when a job begins. Give it a new WEIR_JOB_ID (and start it from a savepoint of this one)",
		ErrState, s.UID)
}

// leader is the partition whose owner makes the first commit point. Nobody else can: the group refuses the offsets of an owner of earlier.
func (b *beginning) leader() txn.Partition {
	if len(b.in.topology.repartition) > 0 {
		return b.in.crossingOf(0)
	}
	return b.all[0]
}

func (b *beginning) leads() bool { return b.in.single() || slices.Contains(b.work.parts, b.leader()) }

// crossingOf is the first repartition topic's partition of a shard.
func (in *Instance) crossingOf(shard int) txn.Partition {
	return txn.Partition{Topic: in.topology.repartition[0], ID: int32(shard)}
}

// inherit makes the first commit point. given are positions that are not of this job.
func (b *beginning) inherit(given map[txn.Partition]txn.Position) error {
	in, started := b.in, time.Now()
	if err := in.checkFresh(b.ctx, b.all, given, decision{}); err != nil {
		return err
	}
	if err := in.checkAgreed(b.ctx); err != nil {
		return err
	}
	o, err := b.open()
	if err != nil {
		return markState(err)
	}
	defer o.close()
	if err := b.from.checkDropped(o.header); err != nil {
		return err
	}
	states, err := in.inheritStates(o.header, b.from)
	if err != nil {
		return err
	}
	at, err := b.positions(o.header, given)
	if err != nil {
		return err
	}
	if err := b.bound(at); err != nil {
		return err
	}
	in.log.Info("making the job's first commit point", "start_from", b.what(), "bytes", o.header.Size(), "entries", o.header.Entries())
	hit("inherit-before")
	f := newFounding(b, o, states, at)
	if err := f.write(); err != nil {
		return markState(err)
	}
	hit("inherit-written")
	if err := b.commit(f.offsets); err != nil {
		return err
	}
	hit("inherit-after")
	f.mark()
	in.log.Info("the job has its first commit point", "start_from", b.what(), "checkpoint", f.id, "entries", f.entries, "took", time.Since(started).Round(time.Millisecond))
	return nil
}

// commit decides. The caller's context does not end it: what has become of it would then be open.
func (b *beginning) commit(offsets map[txn.Partition]txn.Position) error {
	in := b.in
	if b.ctx.Err() != nil {
		return errGivenUp
	}
	ctx, cancel := context.WithTimeout(in.ctx, in.o.TransactionTimeout)
	defer cancel()
	b.begun = true
	if err := b.producer.Begin(); err != nil {
		return err
	}
	if in.o.Guarantee == twophase.ExactlyOnce {
		if err := in.decisions.send(ctx, b.producer, offsets, b.meta); err != nil {
			return err
		}
	}
	hit("inherit-commit")
	if err := in.decisions.commit(ctx, b.producer, offsets, b.meta); err != nil {
		return err
	}
	b.begun = false
	return nil
}
