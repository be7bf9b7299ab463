package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weirstream/weir/checkpoint/store"
)

// Instance is what one instance of a job says of itself in the store, so that another one sees at its start whether they share it.
// It is a claim, not a lock: it stays when the instance is gone, and nothing that must hold relies on it.
type Instance struct {
	ID  string `json:"id"`  // WEIR_INSTANCE_ID
	Run string `json:"run"` // of the process
	// Exchange is empty (in memory) or ExchangeKafka.
	Exchange string `json:"exchange,omitempty"`
	// Shards is in how many the job's state is parted; 0 with the exchange in memory.
	Shards int `json:"shards,omitempty"`
	// RestoreFrom is the URL of what it starts from if the job has no commit point.
	RestoreFrom string    `json:"restoreFrom,omitempty"`
	Started     time.Time `json:"started"` // informational
}

const (
	instanceFormat = 1
	maxInstance    = 64 << 10 // bytes of a file
)

type instanceFile struct {
	Format int    `json:"format"`
	Job    string `json:"job"`
	Instance
}

// Register writes or replaces what this instance says of itself. Call it before joining the group: who finds a member of
// the group that is not registered knows then that it uses another store.
func Register(ctx context.Context, s Store, job string, i Instance) error {
	if err := i.check(job); err != nil {
		return fmt.Errorf("register instance: %w", err)
	}
	b, err := json.Marshal(instanceFile{instanceFormat, job, i})
	if err != nil {
		return fmt.Errorf("register instance %s: %w", i.ID, err)
	}
	err = s.Put(ctx, instanceFolder(job)+i.ID, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("register instance %s: %w", i.ID, err)
	}
	return nil
}

// Instances returns all that ever registered, by their ids.
func Instances(ctx context.Context, s Store, job string) ([]Instance, error) {
	folder := instanceFolder(job)
	infos, err := s.List(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("list instances of job %s: %w", job, err)
	}
	var all []Instance
	for _, info := range infos {
		i, err := readInstance(ctx, s, job, info.Name[len(folder):])
		if errors.Is(err, ErrNotExist) { // somebody cleaned up
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

func instanceFolder(job string) string { return job + "/instances/" }

func (i Instance) check(job string) error {
	if err := store.CheckSegment(job); err != nil {
		return fmt.Errorf("WEIR_JOB_ID: %w", err)
	}
	if err := store.CheckSegment(i.ID); err != nil {
		return fmt.Errorf("WEIR_INSTANCE_ID: %w", err)
	}
	if err := checkRun(i.Run); err != nil {
		return err
	}
	return checkExchange(i.Exchange)
}

func readInstance(ctx context.Context, s Store, job, id string) (Instance, error) {
	file := instanceFolder(job) + id
	rc, err := s.Get(ctx, file)
	if err != nil {
		return Instance{}, err
	}
	b, err := io.ReadAll(io.LimitReader(rc, maxInstance))
	if err = errors.Join(err, rc.Close()); err != nil {
		return Instance{}, fmt.Errorf("read %s: %w", file, err)
	}
	var f instanceFile
	if err := json.Unmarshal(b, &f); err != nil {
		return Instance{}, &CorruptError{File: file, Detail: err.Error()}
	}
	if f.Format > instanceFormat {
		return Instance{}, &VersionError{File: file, Has: f.Format, Supports: instanceFormat}
	}
	if err = f.check(f.Job); err == nil && (f.Format < 1 || f.Job != job || f.ID != id) {
		err = fmt.Errorf("it is of format %d, job %q, instance %q", f.Format, f.Job, f.ID)
	}
	if err != nil {
		return Instance{}, &CorruptError{File: file, Detail: err.Error()}
	}
	return f.Instance, nil
}
