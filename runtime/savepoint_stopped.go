package runtime

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
)

// SavepointOfStopped takes a savepoint of a job that no instance works on, of the checkpoint that its decision record names. o are the options of an
// instance; no backend is needed, and the group is not joined.
func SavepointOfStopped(ctx context.Context, o Options, r SavepointRequest, progress func(done, total int64)) (SavepointStatus, error) {
	return savepointOfStopped(ctx, o, r, progress, nil, func(in *Instance) (cut, error) {
		if err := in.openClusters(); err != nil {
			return cut{}, err
		}
		defer in.closeAdmin()
		return in.stoppedCut(ctx)
	})
}

// SavepointOffline is SavepointOfStopped without a broker, of the checkpoint that the store's note names as committed last. After a crash it may lag some
// seconds behind the decision record: records are then processed again by who starts from it, and their outputs written again.
func SavepointOffline(ctx context.Context, o Options, r SavepointRequest, progress func(done, total int64)) (SavepointStatus, error) {
	find := func(in *Instance) (cut, error) { return in.notedCut(ctx) }
	return savepointOfStopped(ctx, o, r, progress, find, find)
}

// savepointOfStopped copies the cut that find finds. first, if not nil, looks whether there is any, before a file is written: a job's name that is mistyped leaves no trace then.
func savepointOfStopped(ctx context.Context, o Options, r SavepointRequest, progress func(done, total int64), first, find func(*Instance) (cut, error)) (SavepointStatus, error) {
	in, err := New(o)
	if err != nil {
		return SavepointStatus{}, err
	}
	st := SavepointStatus{Name: r.Name, URL: r.To, Began: time.Now()}
	if r.Stop || r.Drain {
		return SavepointStatus{}, fmt.Errorf("%w: stop and drain are for a job that is running", ErrSavepointRequest)
	}
	if err := in.placeSavepoint(&st); err != nil {
		return SavepointStatus{}, fmt.Errorf("%w: %w", ErrSavepointRequest, err)
	}
	if first != nil {
		if _, err := first(in); err != nil {
			return SavepointStatus{}, err
		}
	}
	h, err := in.holding(ctx, func() (snapshot.Header, error) {
		c, err := find(in)
		if err != nil {
			return snapshot.Header{}, err
		}
		return in.copySavepoint(ctx, c, st, progress)
	})
	st.end(h, err)
	return st, err
}

// holding runs f, which reads a cut and copies what it names, while collectors delete nothing: somebody may have started the job meanwhile, or others of its
// instances work on.
func (in *Instance) holding(ctx context.Context, f func() (snapshot.Header, error)) (snapshot.Header, error) {
	repo, err := checkpoint.NewRepository(in.o.Store, in.o.JobID, "", checkpoint.Options{})
	if err != nil {
		return snapshot.Header{}, err
	}
	release, err := repo.Hold(ctx, "savepoint")
	if err != nil {
		return snapshot.Header{}, err
	}
	h, err := f()
	clean, cancel := afterwards(ctx)
	defer cancel()
	if lerr := release(clean); lerr != nil {
		in.log.Warn("collectors wait ten minutes longer", "err", lerr)
	}
	return h, err
}

// stoppedCut is what is decided, if nobody can decide anything further just now and nothing is on its way.
func (in *Instance) stoppedCut(ctx context.Context) (cut, error) {
	ctx, cancel := context.WithTimeout(ctx, in.o.StartTimeout)
	defer cancel()
	members, err := in.admin.Members(ctx, in.o.JobID)
	if err != nil {
		return cut{}, in.unanswered(ctx, fmt.Errorf("group %q: %w", in.o.JobID, err))
	}
	if len(members) > 0 {
		return cut{}, fmt.Errorf("%w: group %q has %s. Ask the instance itself for the savepoint (its address is WEIR_HTTP_ADDR), or stop it first; one that has died is a member until its session ends",
			ErrOccupied, in.o.JobID, describe(members))
	}
	if err := in.findShards(ctx); err != nil {
		return cut{}, in.unanswered(ctx, err)
	}
	c, err := in.readCut(ctx)
	if err == nil {
		err = in.checkStill(ctx, c)
	}
	if errors.Is(err, errCrossing) {
		err = fmt.Errorf("%w: a savepoint can't hold them. Start the job again, and stop it with a savepoint (processor savepoint create --stop), which waits until there are none", err)
	}
	if err != nil {
		return cut{}, in.unanswered(ctx, err)
	}
	return c, nil
}

// findShards looks how many there are, by the repartition topics.
func (in *Instance) findShards(ctx context.Context) error {
	if in.single() {
		return nil
	}
	topics, err := in.nameTopics()
	if err != nil || len(topics) == 0 {
		return err
	}
	counts, err := in.admin.Topics(ctx, topics)
	if err != nil {
		return fmt.Errorf("repartition topics %q: %w", topics, err)
	}
	in.topology.repartition = topics
	for i := range counts[topics[0]] {
		s, err := newShard(in, i, strconv.Itoa(i))
		if err != nil {
			return err
		}
		in.shards = append(in.shards, s)
	}
	return in.checkAlike(topics, counts, len(in.shards))
}

// notedCut is what the store says was committed last.
func (in *Instance) notedCut(ctx context.Context) (cut, error) {
	if !in.single() {
		return cut{}, fmt.Errorf("%w: WEIR_EXCHANGE=kafka: where sources go on is written in Kafka only, so it can't be done offline", ErrSavepointRequest)
	}
	home := in.shards[0]
	id, known, err := home.repo.Latest(ctx)
	if err != nil {
		return cut{}, err
	}
	if !known {
		return cut{}, fmt.Errorf("%s notes no committed checkpoint: the job has committed nothing, or another store or WEIR_JOB_ID is meant", home.repo.URL())
	}
	return cut{checkpoints: map[*shard]checkpoint.ID{home: id}}, nil
}
