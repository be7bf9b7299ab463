package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint/store"
)

// A hold is a file <job>/hold/<name>-<run>. As long as there is one, no collector of the job or of its shards deletes anything.
const (
	holdRenew  = time.Minute      // how often a living holder writes it anew
	holdLapses = 10 * time.Minute // a collector takes a holder that has not done so for that long to be gone
	maxHold    = 4 << 10          // bytes of a file
)

// holdFile is for people; a collector only looks whether it changes.
type holdFile struct {
	Name    string    `json:"name"`
	Since   time.Time `json:"since"` // informational
	Renewed int       `json:"renewed"`
}

// Hold keeps all collectors of the job, of all its shards and instances, from deleting files while the job's checkpoints are read by
// somebody who does not own them. Hold first and read the decision record then: what that names, and the retained checkpoints before it, stay
// until release is called. name says for what (such as a savepoint's name); several may hold at once, under the same name too.
//
// The hold is renewed until release or the end of ctx. One that is renewed no more lapses after ten minutes, so that a holder that was killed
// does not keep garbage for ever; one that was frozen for so long finds a file missing, never a wrong one.
func (r *Repository) Hold(ctx context.Context, name string) (release func(context.Context) error, err error) {
	if err := store.CheckSegment(name); err != nil {
		return nil, fmt.Errorf("hold the files of job %s: %w", r.job, err)
	}
	file := holdFolder(r.job) + name + "-" + NewRun()
	h := holdFile{Name: name, Since: time.Now().UTC()}
	if err := r.putHold(ctx, file, h); err != nil {
		return nil, err
	}
	renewing, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.renewHold(renewing, file, h) })
	return func(ctx context.Context) error {
		stop()
		wg.Wait() // a Put after the Delete would leave it there
		if err := r.store.Delete(ctx, file); err != nil {
			return fmt.Errorf("let go of the files of job %s: %w; the hold %s lapses by itself", r.job, err, file)
		}
		return nil
	}, nil
}

func (r *Repository) renewHold(ctx context.Context, file string, h holdFile) {
	t := time.NewTicker(holdRenew)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			h.Renewed++
			_ = r.putHold(ctx, file, h) // the next one may succeed, and a lapse is found by the reader
		}
	}
}

func (r *Repository) putHold(ctx context.Context, file string, h holdFile) error {
	b, err := json.Marshal(h)
	if err == nil {
		err = r.store.Put(ctx, file, func(w io.Writer) error {
			_, err := w.Write(append(b, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("hold the files of job %s as %s: %w", r.job, strconv.Quote(h.Name), err)
	}
	return nil
}

func holdFolder(job string) string { return job + "/hold/" }

// sighting is a hold as a collector saw it last, and since when it has not changed.
type sighting struct {
	content []byte
	since   time.Time
}

// holders returns the names of the holds that count. Two looks at one holder are compared by this process' clock alone.
func (c *Collector) holders(ctx context.Context) (held []string, err error) {
	r, folder := c.repo, holdFolder(c.repo.job)
	infos, err := r.store.List(ctx, folder)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]sighting, len(infos))
	for _, info := range infos {
		content, err := readHold(ctx, r.store, info.Name)
		if errors.Is(err, ErrNotExist) { // released
			continue
		}
		if err != nil {
			return nil, err
		}
		s, known := c.seen[info.Name]
		if !known || !bytes.Equal(s.content, content) {
			s = sighting{content, c.now()}
		}
		seen[info.Name] = s
		if c.now().Sub(s.since) < holdLapses {
			held = append(held, strings.TrimPrefix(info.Name, folder))
		}
	}
	c.seen = seen
	return held, nil
}

func readHold(ctx context.Context, s Store, name string) ([]byte, error) {
	rc, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(rc, maxHold))
	return b, errors.Join(err, rc.Close())
}
